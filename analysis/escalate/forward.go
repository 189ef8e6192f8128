package escalate

// cloudFormation is the one service that makes calls of the holder's choice with the holder's permissions.
const cloudFormation = "cloudformation.amazonaws.com"

// A way is how the holder brings a service to make calls for it.
type way struct {
	Service string
	Steps   []Step
	Needs   []string
}

// ways are the ways to have a service forward calls. The one with the least needs goes first.
var ways = []way{
	{cloudFormation, []Step{do("cloudformation:CreateStack", "stack", Own)}, nil},
	{cloudFormation, []Step{do("cloudformation:CreateChangeSet", "stack", Own), do("cloudformation:ExecuteChangeSet", "stack", Own)}, nil},
	{cloudFormation, []Step{do("cloudformation:UpdateStack", "stack", Other)}, []string{"a stack without a service role"}},
}

// A forwarded is a call that CloudFormation makes with the permissions of the one who makes or updates a stack.
type forwarded struct {
	Type     string // of the resource in the template for which it is made
	Existing bool   // it reaches resources that no stack has, by their names
}

// forwards has the actions of the methods that CloudFormation calls.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
var forwards = map[string]forwarded{
	"iam:CreateRole":       {"AWS::IAM::Role", false},
	"iam:AttachRolePolicy": {"AWS::IAM::Role", false},
	"iam:PassRole":         {"AWS::Lambda::Function", true},
}
