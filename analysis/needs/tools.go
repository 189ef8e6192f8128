package needs

// A Tool is what deploys.
type Tool string

// The tools.
const (
	CommandLine Tool = ""        // aws cloudformation deploy
	AmplifyCLI  Tool = "amplify" // Amplify's first generation: amplify push
	Ampx        Tool = "ampx"    // Amplify's second generation, and the AWS CDK: ampx pipeline-deploy, cdk deploy
	HostedBuild Tool = "hosting" // a build of Amplify Hosting that deploys a backend of the second generation
)

// tool adds the calls that the tool makes by itself.
func (c *caller) tool(roots []*Stack) {}

// stackOperations adds the calls on a root stack.
func (c *caller) stackOperations(s *Stack) {
	arn := "arn:" + c.Partition + ":" + c.fill("cloudformation:$R:$A:stack/{Stack}/*", &Resource{Stack: s}, nil)
	for _, phase := range c.pass {
		for _, action := range stackOperations[phase] {
			c.add(Call{Action: "cloudformation:" + action, Resource: arn, Phase: phase, Module: Core, Why: "the stack itself"})
		}
	}
}

var stackOperations = map[Phase][]string{
	Create: {"CreateStack", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "GetTemplateSummary"},
	Read:   {"DescribeStacks", "DescribeStackEvents", "DescribeStackResources", "ListStackResources", "GetTemplate"},
	Update: {"UpdateStack", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "GetTemplateSummary"},
	Delete: {"DeleteStack"},
}
