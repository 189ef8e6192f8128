package cloudtrail

import (
	"strings"

	"github.com/writ-iam/writ/analysis/needs"
)

// verbs are those that the operations of API Gateway's control plane begin with, and the actions that they are.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
var verbs = []struct{ word, action string }{
	{"Create", "POST"}, {"Get", "GET"}, {"Update", "PATCH"}, {"Delete", "DELETE"}, {"Put", "PUT"}, {"Import", "POST"}, {"Generate", "POST"},
	{"Flush", "DELETE"}, {"TestInvoke", "POST"}, {"Tag", "PUT"}, {"Untag", "DELETE"}, {"Export", "GET"}, {"Reimport", "PUT"}, {"Reset", "DELETE"},
}

// paths are those of the things that operations are about, one of a kind; {} is a parameter. A collection is the path without its last part.
var paths = map[string]string{
	// REST APIs
	"RestApi":              "/restapis/{restApiId}",
	"Resource":             "/restapis/{restApiId}/resources/{resourceId}",
	"Method":               "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}",
	"MethodResponse":       "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/responses/{statusCode}",
	"Deployment":           "/restapis/{restApiId}/deployments/{deploymentId}",
	"Stage":                "/restapis/{restApiId}/stages/{stageName}",
	"Authorizer":           "/restapis/{restApiId}/authorizers/{authorizerId}",
	"Model":                "/restapis/{restApiId}/models/{modelName}",
	"RequestValidator":     "/restapis/{restApiId}/requestvalidators/{requestValidatorId}",
	"GatewayResponse":      "/restapis/{restApiId}/gatewayresponses/{responseType}",
	"DocumentationPart":    "/restapis/{restApiId}/documentation/parts/{documentationPartId}",
	"DocumentationVersion": "/restapis/{restApiId}/documentation/versions/{documentationVersion}",
	"Export":               "/restapis/{restApiId}/stages/{stageName}/exports/{exportType}",
	"Sdk":                  "/restapis/{restApiId}/stages/{stageName}/sdks/{sdkType}",
	"StageCache":           "/restapis/{restApiId}/stages/{stageName}/cache/data",
	"Integration":          "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/integration",
	"IntegrationResponse":  "/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}/integration/responses/{statusCode}",
	"Account":              "/account",
	"ApiKey":               "/apikeys/{apiKey}",
	"UsagePlan":            "/usageplans/{usagePlanId}",
	"UsagePlanKey":         "/usageplans/{usagePlanId}/keys/{keyId}",
	"DomainName":           "/domainnames/{domainName}",
	"BasePathMapping":      "/domainnames/{domainName}/basepathmappings/{basePath}",
	"ClientCertificate":    "/clientcertificates/{clientCertificateId}",
	"VpcLink":              "/vpclinks/{vpcLinkId}",
	// HTTP and WebSocket APIs
	"Api":        "/apis/{apiId}",
	"Route":      "/apis/{apiId}/routes/{routeId}",
	"ApiMapping": "/domainnames/{domainName}/apimappings/{apiMappingId}",
}

// ofBoth are things of both kinds of APIs: those of HTTP and WebSocket APIs are told by their apiId.
var ofBoth = map[string]string{
	"Deployment":          "/apis/{apiId}/deployments/{deploymentId}",
	"Stage":               "/apis/{apiId}/stages/{stageName}",
	"Authorizer":          "/apis/{apiId}/authorizers/{authorizerId}",
	"Model":               "/apis/{apiId}/models/{modelId}",
	"Integration":         "/apis/{apiId}/integrations/{integrationId}",
	"IntegrationResponse": "/apis/{apiId}/integrations/{integrationId}/integrationresponses/{integrationResponseId}",
	"RouteResponse":       "/apis/{apiId}/routes/{routeId}/routeresponses/{routeResponseId}",
}

// singular returns what a word in the plural is of: of DeploymentS, of IndexES …
func singular(plural string) string {
	if one, ok := strings.CutSuffix(plural, "ies"); ok {
		return one + "y"
	}
	return strings.TrimSuffix(plural, "s")
}

// apiGateway returns the call of an operation of API Gateway's control plane, or nil if it is none.
func (r *Record) apiGateway(name string) []needs.Call {
	if name == "TagResource" || name == "UntagResource" || name == "GetTags" {
		action := map[string]string{"TagResource": "PUT", "UntagResource": "DELETE", "GetTags": "GET"}[name]
		return []needs.Call{r.call("apigateway:"+action, r.restARN("/tags/*"))}
	}
	for _, verb := range verbs {
		thing, ok := strings.CutPrefix(name, verb.word)
		if !ok {
			continue
		}
		thing = strings.TrimSuffix(thing, "s3")
		collection := verb.word == "Create" || verb.word == "Import"
		path := r.pathOf(thing)
		if path == "" {
			if path = r.pathOf(singular(thing)); path == "" {
				continue
			}
			collection = true
		}
		if name == "CreateResource" || name == "CreateDeployment" || collection {
			// A resource is made below its parent: POST on /restapis/ID/resources/PARENT.
			if name == "CreateResource" {
				path = strings.Replace(path, "{resourceId}", "{parentId}", 1)
			} else {
				path = path[:strings.LastIndexByte(path, '/')]
			}
		}
		return []needs.Call{r.call("apigateway:"+verb.action, r.restARN(path))}
	}
	return nil
}

func (r *Record) pathOf(thing string) string {
	if path, ok := ofBoth[thing]; ok && (len(r.parameter("apiId")) > 0 || paths[thing] == "") {
		return path
	}
	return paths[thing]
}

// restARN returns the ARN of a path, with * for parameters that are not there.
func (r *Record) restARN(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		parts[i] = "*"
		if values := r.parameter(strings.Trim(part, "{}")); len(values) > 0 && values[0] != "" {
			parts[i] = literal(values[0])
		}
	}
	return "arn:" + r.partition() + ":apigateway:" + r.region() + "::" + strings.Join(parts, "/")
}
