package needs

// ToolOf returns the tool that templates are made by: the first generation of Amplify's tools, whose root stack asks for its bucket and
// roles, or the CDK, on which the second is built; otherwise none.
func ToolOf(templates []*Template) Tool {
	found := CommandLine
	for _, t := range templates {
		parameters := t.Root.member("Parameters")
		if parameters == nil {
			continue
		}
		switch {
		case parameters.member("DeploymentBucketName") != nil && parameters.member("AuthRoleName") != nil && parameters.member("UnauthRoleName") != nil:
			return AmplifyCLI
		case parameters.member("BootstrapVersion") != nil:
			found = Ampx
		}
	}
	return found
}
