package needs

// cloudformationCalls is the table of CloudFormation's own types. It follows
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudFormation.html.
func cloudformationCalls() map[string]resourceType {
	return map[string]resourceType{
		// A nested stack is made by CloudFormation with the permissions of who deploys the root, and so are its resources.
		"AWS::CloudFormation::Stack": of("cloudformation:$R:$A:stack/{Name}/*",
			change("s3:GetObject").with("TemplateURL").on("s3:::{|bucketOf}/{|object}"),
			create("cloudformation:CreateStack"),
			in("cloudformation:DescribeStacks", Create, Read, Update, Delete),
			read("cloudformation:GetTemplate GetStackPolicy").upper(),
			update("cloudformation:UpdateStack"),
			update("cloudformation:UpdateTerminationProtection SetStackPolicy").upper(),
			remove("cloudformation:DeleteStack"),
			change("cloudformation:TagResource").tags("Tags"),
			update("cloudformation:UntagResource").tags("Tags"),
		),
		// Custom resources and macros call what their author names: a function, or a topic.
		"AWS::CloudFormation::CustomResource": of("",
			in("lambda:InvokeFunction", Create, Update, Delete).with("ServiceToken").service("lambda").on("{}", "lambda:$R:$A:function:{|function}"),
			in("sns:Publish", Create, Update, Delete).with("ServiceToken").service("sns").on("{}", "sns:$R:$A:{|last}"),
		),
		"AWS::CloudFormation::WaitCondition":       of(""),
		"AWS::CloudFormation::WaitConditionHandle": of(""),
		"AWS::CDK::Metadata":                       of(""), // says which version of the CDK made the template, and makes nothing
	}
}
