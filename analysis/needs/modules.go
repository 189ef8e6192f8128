package needs

import (
	"slices"
	"strings"
)

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
// the category, which says best what a role or a function in them is for, and what the root has beside them, such as the deployment
// bucket and the roles, is of Core. Elsewhere the type says it. What belongs to no module, or is of no resource, is of Core too.
func Module(r *Resource) string {
	if r == nil {
		return Core
	}
	top := r
	for top.Stack != nil && top.Stack.Parent != nil {
		top = top.Stack.Parent
	}
	if module := category(top); module != "" {
		return module
	}
	if r == top && r.Stack != nil && slices.ContainsFunc(r.Stack.Resources, func(other *Resource) bool { return category(other) != "" }) {
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

// category returns the module of a nested stack that is named for a category of Amplify, or "".
func category(r *Resource) string {
	if r.Type != stackType {
		return ""
	}
	name := strings.ToLower(r.LogicalID)
	for _, c := range []struct{ prefix, module string }{
		{"auth", Auth}, {"api", API}, {"data", API}, {"storage", Storage}, {"function", Functions}, {"hosting", Hosting},
		{"analytics", Analytics}, {"notifications", Analytics}, {"geo", Geo}, {"interactions", Interactions}, {"predictions", Predictions},
	} {
		if strings.HasPrefix(name, c.prefix) {
			return c.module
		}
	}
	return ""
}

// modules are those of the services.
var modules = map[string]string{
	"Cognito": Auth, "AppSync": API, "ApiGateway": API, "ApiGatewayV2": API, "OpenSearchService": API, "Elasticsearch": API,
	"S3": Storage, "DynamoDB": Storage, "Lambda": Functions, "CloudFront": Hosting, "Amplify": Hosting, "Route53": Hosting,
	"Pinpoint": Analytics, "Kinesis": Analytics, "KinesisFirehose": Analytics, "Location": Geo, "Lex": Interactions, "Rekognition": Predictions,
}
