package needs

// apigatewayCalls is the table of API Gateway's types, for REST APIs and for HTTP and WebSocket APIs. Its actions are the methods of
// its own REST API, and the resource is the path:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html.
func apigatewayCalls() map[string]resourceType {
	const (
		rest = "apigateway:$R::/restapis/{RestApiId}"
		http = "apigateway:$R::/apis/{ApiId}"
		tag  = "apigateway:$R::/tags/*"
	)
	// item makes the rules of what is created in a collection by POST.
	item := func(collection string, more ...rule) resourceType {
		return of(collection+"/*", append([]rule{
			create("apigateway:POST").on(collection),
			read("apigateway:GET"),
			update("apigateway:GET PATCH"),
			remove("apigateway:DELETE"),
		}, more...)...)
	}
	tagged := []rule{
		change("apigateway:PUT").tags("Tags").on(tag),
		update("apigateway:DELETE").tags("Tags").on(tag),
	}
	invoke := pass("CredentialsArn", "apigateway.amazonaws.com")
	return map[string]resourceType{
		"AWS::ApiGateway::RestApi": item("apigateway:$R::/restapis", append([]rule{
			create("apigateway:GET"),
			change("apigateway:PUT").with("Body"),
			change("apigateway:PUT").with("BodyS3Location"),
			change("apigateway:PATCH").with("Parameters", "MinimumCompressionSize", "BinaryMediaTypes", "EndpointConfiguration", "DisableExecuteApiEndpoint", "SecurityPolicy"),
			change("s3:GetObject").with("BodyS3Location").on("s3:::{.Bucket}/{.Key}"),
			change("apigateway:UpdateRestApiPolicy").with("Policy"),
		}, tagged...)...),
		"AWS::ApiGateway::Resource": of(rest+"/resources/*",
			create("apigateway:POST"),
			read("apigateway:GET"),
			update("apigateway:GET PATCH"),
			remove("apigateway:DELETE"),
		),
		"AWS::ApiGateway::Method": of(rest+"/resources/{ResourceId}/methods/{HttpMethod}",
			create("apigateway:PUT GET"),
			read("apigateway:GET"),
			update("apigateway:GET PUT DELETE"),
			remove("apigateway:DELETE"),
			change("apigateway:PUT").with("Integration").on(rest+"/resources/{ResourceId}/methods/{HttpMethod}/integration"),
			change("apigateway:PUT").with("Integration.IntegrationResponses").on(rest+"/resources/{ResourceId}/methods/{HttpMethod}/integration/responses/*"),
			change("apigateway:PUT").with("MethodResponses").on(rest+"/resources/{ResourceId}/methods/{HttpMethod}/responses/*"),
			pass("Integration.Credentials", "apigateway.amazonaws.com"),
		),
		"AWS::ApiGateway::Deployment": of(rest+"/deployments/*",
			create("apigateway:POST").on(rest+"/deployments"),
			create("apigateway:GET"),
			read("apigateway:GET"),
			update("apigateway:GET PATCH"),
			remove("apigateway:GET DELETE"),
			change("apigateway:PATCH").with("StageDescription").on(rest+"/stages/*"),
			create("apigateway:PUT").with("StageDescription.Tags").on(tag),
			update("apigateway:DELETE").with("StageName").on(rest+"/stages/{StageName}"),
		),
		"AWS::ApiGateway::Stage": of(rest+"/stages/{Name}", append([]rule{
			create("apigateway:POST").on(rest + "/stages"),
			create("apigateway:GET"),
			read("apigateway:GET"),
			update("apigateway:GET PATCH"),
			remove("apigateway:DELETE"),
			change("apigateway:PATCH").with("MethodSettings"),
			change("apigateway:PATCH").with("AccessLogSetting"),
			change("apigateway:PATCH").with("CanarySetting"),
		}, tagged...)...),
		"AWS::ApiGateway::Authorizer":           item(rest+"/authorizers", pass("AuthorizerCredentials", "apigateway.amazonaws.com")),
		"AWS::ApiGateway::Model":                item(rest + "/models"),
		"AWS::ApiGateway::RequestValidator":     item(rest + "/requestvalidators"),
		"AWS::ApiGateway::DocumentationPart":    item(rest + "/documentation/parts"),
		"AWS::ApiGateway::DocumentationVersion": item(rest + "/documentation/versions"),
		"AWS::ApiGateway::GatewayResponse": of(rest+"/gatewayresponses/{ResponseType}",
			create("apigateway:PUT GET"),
			read("apigateway:GET"),
			update("apigateway:GET PUT"),
			remove("apigateway:GET DELETE"),
		),
		"AWS::ApiGateway::Account": of("apigateway:$R::/account",
			change("apigateway:PATCH"),
			read("apigateway:GET"),
			pass("CloudWatchRoleArn", "apigateway.amazonaws.com"),
		),
		"AWS::ApiGateway::ApiKey":            item("apigateway:$R::/apikeys", tagged...),
		"AWS::ApiGateway::UsagePlan":         item("apigateway:$R::/usageplans", tagged...),
		"AWS::ApiGateway::UsagePlanKey":      item("apigateway:$R::/usageplans/{UsagePlanId}/keys"),
		"AWS::ApiGateway::ClientCertificate": item("apigateway:$R::/clientcertificates", tagged...),
		"AWS::ApiGateway::VpcLink":           item("apigateway:$R::/vpclinks", tagged...),
		"AWS::ApiGateway::DomainName": of("apigateway:$R::/domainnames/{DomainName}", append([]rule{
			create("apigateway:POST").on("apigateway:$R::/domainnames"),
			read("apigateway:GET"),
			update("apigateway:GET PATCH"),
			remove("apigateway:DELETE"),
			change("apigateway:AddCertificateToDomain").with("MutualTlsAuthentication"),
			update("apigateway:RemoveCertificateFromDomain").with("MutualTlsAuthentication"),
		}, tagged...)...),
		"AWS::ApiGateway::BasePathMapping": item("apigateway:$R::/domainnames/{DomainName}/basepathmappings"),

		"AWS::ApiGatewayV2::Api": item("apigateway:$R::/apis", append([]rule{
			change("apigateway:PUT").with("Body").on("apigateway:$R::/apis"),
			update("apigateway:PUT").with("Body"),
			change("apigateway:PUT").with("BodyS3Location").on("apigateway:$R::/apis"),
			update("apigateway:PUT").with("BodyS3Location"),
			change("s3:GetObject").with("BodyS3Location").on("s3:::{.Bucket}/{.Key}"),
			update("apigateway:DELETE").with("CorsConfiguration").on("apigateway:$R::/apis/*/cors"),
			invoke,
		}, tagged...)...),
		"AWS::ApiGatewayV2::Stage": of(http+"/stages/{Name}", append([]rule{
			create("apigateway:POST").on(http + "/stages"),
			read("apigateway:GET"),
			update("apigateway:GET PATCH"),
			remove("apigateway:DELETE"),
			// An HTTP API delivers its logs with the permissions of who turns that on:
			// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html.
			change("logs:CreateLogDelivery GetLogDelivery ListLogDeliveries UpdateLogDelivery DescribeResourcePolicies PutResourcePolicy DescribeLogGroups").with("AccessLogSettings.DestinationArn"),
			in("logs:DeleteLogDelivery", Update, Delete).with("AccessLogSettings.DestinationArn"),
		}, tagged...)...),
		"AWS::ApiGatewayV2::Route":               item(http + "/routes"),
		"AWS::ApiGatewayV2::RouteResponse":       item(http + "/routes/{RouteId}/routeresponses"),
		"AWS::ApiGatewayV2::Integration":         item(http+"/integrations", invoke),
		"AWS::ApiGatewayV2::IntegrationResponse": item(http + "/integrations/{IntegrationId}/integrationresponses"),
		"AWS::ApiGatewayV2::Authorizer":          item(http+"/authorizers", pass("AuthorizerCredentialsArn", "apigateway.amazonaws.com")),
		"AWS::ApiGatewayV2::Deployment":          item(http + "/deployments"),
		"AWS::ApiGatewayV2::Model":               item(http + "/models"),
		"AWS::ApiGatewayV2::VpcLink":             item("apigateway:$R::/vpclinks", tagged...),
		"AWS::ApiGatewayV2::DomainName": of("apigateway:$R::/domainnames/{DomainName}", append([]rule{
			create("apigateway:POST").on("apigateway:$R::/domainnames"),
			read("apigateway:GET"),
			update("apigateway:GET PATCH"),
			remove("apigateway:DELETE"),
		}, tagged...)...),
		"AWS::ApiGatewayV2::ApiMapping": item("apigateway:$R::/domainnames/{DomainName}/apimappings"),
	}
}
