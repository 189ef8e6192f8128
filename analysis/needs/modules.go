package needs

import "strings"

// The modules of Amplify's documentation, into which calls are sorted.
const (
	Core         = "Core"
	Auth         = "Auth"
	API          = "API"
	Storage      = "Storage"
	Functions    = "Functions"
	Hosting      = "Hosting"
	Analytics    = "Analytics"
	Geo          = "Geo"
	Interactions = "Interactions"
	Predictions  = "Predictions"
)

// Module returns the module that a resource belongs to. In Amplify's templates the stacks that are nested in the root are named for
// the category, which says best what a role or a function in them is for. Elsewhere the type says it. What belongs to none, such as
// the deployment bucket and the roles of the root, is of Core, and so is what is of no resource.
func Module(r *Resource) string {
	if r == nil {
		return Core
	}
	top := r
	for top.Stack != nil && top.Stack.Parent != nil {
		top = top.Stack.Parent
	}
	if top.Type == "AWS::CloudFormation::Stack" {
		name := strings.ToLower(top.LogicalID)
		for _, category := range []struct{ prefix, module string }{
			{"auth", Auth}, {"api", API}, {"data", API}, {"storage", Storage}, {"function", Functions}, {"hosting", Hosting},
			{"analytics", Analytics}, {"notifications", Analytics}, {"geo", Geo}, {"interactions", Interactions}, {"predictions", Predictions},
		} {
			if strings.HasPrefix(name, category.prefix) {
				return category.module
			}
		}
	}
	if r.Type == "AWS::S3::Bucket" && r.LogicalID == "DeploymentBucket" {
		return Core
	}
	parts := strings.SplitN(r.Type, "::", 3)
	if len(parts) < 3 || parts[0] != "AWS" {
		return Core
	}
	if module, ok := modules[parts[1]]; ok {
		return module
	}
	return Core
}

// modules are those of the services.
var modules = map[string]string{
	"Cognito": Auth, "AppSync": API, "ApiGateway": API, "ApiGatewayV2": API, "OpenSearchService": API, "Elasticsearch": API,
	"S3": Storage, "DynamoDB": Storage, "Lambda": Functions, "CloudFront": Hosting, "Amplify": Hosting, "Route53": Hosting,
	"Pinpoint": Analytics, "Kinesis": Analytics, "KinesisFirehose": Analytics, "Location": Geo, "Lex": Interactions, "Rekognition": Predictions,
}
