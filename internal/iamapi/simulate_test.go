package iamapi_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/writ-iam/writ/writtest"
)

// statements makes a policy document of statements.
func statements(list ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
}

const (
	allowsAll    = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	allowsGets   = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`
	deniesLogs   = `{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::logs/*"}`
	allowsAtHome = `{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*",` +
		`"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`
	allowsBob = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/bob"},"Action":"s3:*",` +
		`"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]}`
)

func matches(list []types.Statement) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%s(%s)%d:%d-%d:%d", *s.SourcePolicyId, s.SourcePolicyType,
			s.StartPosition.Line, s.StartPosition.Column, s.EndPosition.Line, s.EndPosition.Column))
	}
	return strings.Join(out, "+")
}

func decisions(m map[string]types.PolicyEvaluationDecisionType) string {
	var out []string
	for _, side := range slices.Sorted(maps.Keys(m)) {
		out = append(out, side+"="+string(m[side]))
	}
	return strings.Join(out, ",")
}

// told is a result on one line: decision, what matched, and what else the answer has.
func told(r types.EvaluationResult) string {
	out := string(r.EvalDecision)
	add := func(name, value string) {
		if value != "" {
			out += " " + name + value
		}
	}
	add("", matches(r.MatchedStatements))
	add("missing:", strings.Join(r.MissingContextValues, ","))
	if d := r.OrganizationsDecisionDetail; d != nil {
		add("organization:", fmt.Sprint(d.AllowedByOrganizations))
	}
	if d := r.PermissionsBoundaryDecisionDetail; d != nil {
		add("boundary:", fmt.Sprint(d.AllowedByPermissionsBoundary))
	}
	add("details:", decisions(r.EvalDecisionDetails))
	return out
}

func entry(key string, kind types.ContextKeyTypeEnum, values ...string) types.ContextEntry {
	return types.ContextEntry{ContextKeyName: aws.String(key), ContextKeyType: kind, ContextKeyValues: values}
}

// code is the code of an error of AWS's, and "" for none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestSimulateCustomPolicy(t *testing.T) {
	client := writtest.New(t).IAM()
	bob := aws.String("arn:aws:iam::111122223333:user/bob")
	stranger := aws.String("arn:aws:iam::444455556666:user/eve")
	onBucket := []string{"arn:aws:s3:::b/bob/k"}
	for _, test := range []struct {
		name string
		in   iam.SimulateCustomPolicyInput
		want string
	}{
		{"allowed", iam.SimulateCustomPolicyInput{PolicyInputList: []string{statements(allowsGets)}},
			"allowed PolicyInputList.1(IAM Policy)1:38-1:95"},
		{"the statement that allows, of the policy that does", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(deniesLogs), statements(deniesLogs, allowsGets)},
		}, "allowed PolicyInputList.2(IAM Policy)1:104-1:162"},
		{"nothing allows", iam.SimulateCustomPolicyInput{PolicyInputList: []string{statements(deniesLogs)}},
			"implicitDeny"},
		{"a Deny alone is told", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsAll), statements(allowsGets, deniesLogs)},
			ResourceArns:    []string{"arn:aws:s3:::logs/a"},
		}, "explicitDeny PolicyInputList.2(IAM Policy)1:95-1:162"},
		{"keys that are missing", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsAtHome)}, ResourceArns: onBucket,
		}, "implicitDeny missing:aws:username"},
		{"the caller's name is known, the address is not", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsAtHome)}, ResourceArns: onBucket, CallerArn: bob,
		}, "implicitDeny missing:aws:SourceIp"},
		{"with the address", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsAtHome)}, ResourceArns: onBucket, CallerArn: bob,
			ContextEntries: []types.ContextEntry{entry("aws:sourceip", "ip", "203.0.113.7")},
		}, "allowed PolicyInputList.1(IAM Policy)1:38-1:186"},
		{"a boundary that allows", iam.SimulateCustomPolicyInput{
			PolicyInputList:                    []string{statements(allowsGets)},
			PermissionsBoundaryPolicyInputList: []string{statements(allowsAll)},
		}, "allowed PolicyInputList.1(IAM Policy)1:38-1:95 boundary:true"},
		{"a boundary that does not", iam.SimulateCustomPolicyInput{
			PolicyInputList:                    []string{statements(allowsGets)},
			PermissionsBoundaryPolicyInputList: []string{statements(`{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)},
		}, "implicitDeny boundary:false"},
		{"a boundary that denies", iam.SimulateCustomPolicyInput{
			PolicyInputList:                    []string{statements(allowsGets)},
			PermissionsBoundaryPolicyInputList: []string{statements(allowsAll, deniesLogs)},
			ResourceArns:                       []string{"arn:aws:s3:::logs/a"},
		}, "explicitDeny PermissionsBoundaryPolicyInputList.1(Permissions Boundary Policy)1:84-1:151 boundary:false"},
		{"a boundary that would do without an Allow", iam.SimulateCustomPolicyInput{
			PolicyInputList:                    []string{statements(deniesLogs)},
			PermissionsBoundaryPolicyInputList: []string{statements(allowsAll)},
		}, "implicitDeny boundary:true"},
		{"a resource's policy allows", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(deniesLogs)}, CallerArn: bob, ResourceArns: onBucket,
			ResourcePolicy: aws.String(statements(allowsBob)),
		}, "allowed ResourcePolicy(Resource Policy)1:38-1:178"},
		{"both allow", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsGets)}, CallerArn: bob, ResourceArns: onBucket,
			ResourcePolicy: aws.String(statements(allowsBob)),
		}, "allowed ResourcePolicy(Resource Policy)1:38-1:178+PolicyInputList.1(IAM Policy)1:38-1:95"},
		{"to another account, only the resource's policy allows", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(deniesLogs)}, CallerArn: bob, ResourceArns: onBucket,
			ResourcePolicy: aws.String(statements(allowsBob)),
			ResourceOwner:  aws.String("arn:aws:iam::444455556666:root"),
		}, "implicitDeny details:IAM Policy=implicitDeny,Resource Policy=allowed"},
		{"to another account, both allow", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsGets)}, CallerArn: bob, ResourceArns: onBucket,
			PermissionsBoundaryPolicyInputList: []string{statements(allowsAll)},
			ResourcePolicy:                     aws.String(statements(allowsBob)),
			ResourceOwner:                      aws.String("444455556666"),
		}, "allowed ResourcePolicy(Resource Policy)1:38-1:178+PolicyInputList.1(IAM Policy)1:38-1:95 boundary:true " +
			"details:IAM Policy=allowed,Permissions Boundary Policy=allowed,Resource Policy=allowed"},
		{"to another account, without a resource's policy", iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsAll)}, CallerArn: stranger,
			ResourceArns: []string{"arn:aws:sqs:eu-west-1:111122223333:q"},
		}, "implicitDeny details:IAM Policy=allowed,Resource Policy=implicitDeny"},
		{"an action without resources is decided on all", iam.SimulateCustomPolicyInput{
			ActionNames: []string{"s3:ListAllMyBuckets"}, PolicyInputList: []string{statements(allowsAll)},
			ResourceArns: []string{"arn:aws:s3:::b"},
		}, "allowed PolicyInputList.1(IAM Policy)1:38-1:84"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.in.ActionNames == nil {
				test.in.ActionNames = []string{"s3:GetObject"}
			}
			out, err := client.SimulateCustomPolicy(t.Context(), &test.in)
			if err != nil {
				t.Fatal(err)
			}
			if len(out.EvaluationResults) != 1 {
				t.Fatalf("%d results", len(out.EvaluationResults))
			}
			if got := told(out.EvaluationResults[0]); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAResultTellsOfEachResource(t *testing.T) {
	out, err := writtest.New(t).IAM().SimulateCustomPolicy(t.Context(), &iam.SimulateCustomPolicyInput{
		PolicyInputList: []string{statements(allowsGets, deniesLogs)},
		ActionNames:     []string{"s3:GetObject", "ec2:RunInstances"},
		ResourceArns:    []string{"arn:aws:s3:::b/k", "arn:aws:s3:::logs/k"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range out.EvaluationResults {
		got = append(got, *r.EvalActionName+" "+*r.EvalResourceName, "  "+told(r))
		for _, on := range r.ResourceSpecificResults {
			got = append(got, "  "+*on.EvalResourceName,
				fmt.Sprintf("    %s %s", on.EvalResourceDecision, matches(on.MatchedStatements)))
		}
	}
	want := `s3:GetObject arn:${Partition}:s3:::${BucketName}/${ObjectName}
  explicitDeny PolicyInputList.1(IAM Policy)1:95-1:162
  arn:aws:s3:::b/k
    allowed PolicyInputList.1(IAM Policy)1:38-1:95
  arn:aws:s3:::logs/k
    explicitDeny PolicyInputList.1(IAM Policy)1:95-1:162
ec2:RunInstances *
  implicitDeny
  arn:aws:s3:::b/k
    implicitDeny 
  arn:aws:s3:::logs/k
    implicitDeny `
	if got := strings.Join(got, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d := out.EvaluationResults[0].EvalDecisionDetails; d == nil || len(d) != 0 {
		t.Errorf("in one account, the details are there and empty; got %v", d)
	}
}

func TestSimulationsRefuseWhatTheyCannotAnswer(t *testing.T) {
	client := writtest.New(t).IAM()
	valid := func() *iam.SimulateCustomPolicyInput {
		return &iam.SimulateCustomPolicyInput{
			PolicyInputList: []string{statements(allowsAll)}, ActionNames: []string{"s3:GetObject"},
			ResourceArns: []string{"arn:aws:s3:::b/k"}, CallerArn: aws.String("arn:aws:iam::111122223333:user/bob"),
		}
	}
	for name, change := range map[string]func(in *iam.SimulateCustomPolicyInput){
		"": func(in *iam.SimulateCustomPolicyInput) {},
		"Invalid Action Name: s3:Get*": func(in *iam.SimulateCustomPolicyInput) {
			in.ActionNames = []string{"s3:Get*"}
		},
		"Invalid Action Name: GetObject": func(in *iam.SimulateCustomPolicyInput) {
			in.ActionNames = []string{"GetObject"}
		},
		"PolicyInputList.2: ": func(in *iam.SimulateCustomPolicyInput) {
			in.PolicyInputList = append(in.PolicyInputList, "{")
		},
		"PermissionsBoundaryPolicyInputList.1": func(in *iam.SimulateCustomPolicyInput) {
			in.PermissionsBoundaryPolicyInputList = []string{"{}"}
		},
		"an entity has one permissions boundary": func(in *iam.SimulateCustomPolicyInput) {
			in.PermissionsBoundaryPolicyInputList = []string{statements(allowsAll), statements(allowsAll)}
		},
		"not in a valid ARN format: b": func(in *iam.SimulateCustomPolicyInput) { in.ResourceArns = []string{"b"} },
		"'bob' is not a valid": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourceOwner = aws.String("bob")
		},
		"does not clearly define entity type and name": func(in *iam.SimulateCustomPolicyInput) {
			in.CallerArn = aws.String("arn:aws:sts::111122223333:assumed-role/r/s")
		},
		"Caller must be an IAM user": func(in *iam.SimulateCustomPolicyInput) {
			in.CallerArn = aws.String("arn:aws:iam::111122223333:role/r")
			in.ResourcePolicy = aws.String(statements(allowsBob))
		},
		"Caller must be an IAM user in": func(in *iam.SimulateCustomPolicyInput) {
			in.CallerArn, in.ResourcePolicy = nil, aws.String(statements(allowsBob))
		},
		"ResourceArns must name": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourceArns, in.ResourcePolicy = nil, aws.String(statements(allowsBob))
		},
		"ResourcePolicy: ": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourcePolicy = aws.String(statements(allowsAll))
		},
		"Duplicate context key": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{
				entry("aws:SourceIp", "ip", "10.0.0.1"), entry("aws:sourceip", "ip", "10.0.0.1"),
			}
		},
		"of type ip: home": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{entry("aws:SourceIp", "ip", "home")}
		},
		"of type numericList: two": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{entry("s3:max-keys", "numericList", "1", "two")}
		},
		"of type boolean: yes": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{entry("aws:SecureTransport", "boolean", "yes")}
		},
		"of type date: now": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{entry("aws:CurrentTime", "date", "now")}
		},
		"of type binary: ?": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{entry("app:Key", "binary", "?")}
		},
		"has 2 values": func(in *iam.SimulateCustomPolicyInput) {
			in.ContextEntries = []types.ContextEntry{entry("aws:TagKeys", "string", "a", "b")}
		},
		"Invalid Resource Handling Option": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourceHandlingOption = aws.String("EC2")
		},
		"EC2-VPC-EBS needs the ARN of a resource of type instance": func(in *iam.SimulateCustomPolicyInput) {
			in.ResourceHandlingOption = aws.String("EC2-VPC-EBS")
		},
	} {
		in := valid()
		change(in)
		_, err := client.SimulateCustomPolicy(t.Context(), in)
		if name == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if code(err) != "InvalidInput" || !strings.Contains(err.Error(), name) {
			t.Errorf("want InvalidInput with %q, got %v", name, err)
		}
	}
}

func TestAScenarioOfEC2NeedsItsResources(t *testing.T) {
	in := &iam.SimulateCustomPolicyInput{
		PolicyInputList: []string{statements(allowsAll)}, ActionNames: []string{"ec2:RunInstances"},
		ResourceHandlingOption: aws.String("EC2-VPC-InstanceStore-Subnet"),
	}
	for _, name := range []string{"instance/i", "image/a", "security-group/s", "network-interface/n", "subnet/s"} {
		in.ResourceArns = append(in.ResourceArns, "arn:aws:ec2:eu-west-1:111122223333:"+name)
	}
	out, err := writtest.New(t).IAM().SimulateCustomPolicy(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	r := out.EvaluationResults[0]
	if len(r.ResourceSpecificResults) != 5 || r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
		t.Errorf("got %s on %d resources", told(r), len(r.ResourceSpecificResults))
	}
}

func TestSimulationsComeInPages(t *testing.T) {
	client := writtest.New(t).IAM()
	in := &iam.SimulateCustomPolicyInput{PolicyInputList: []string{statements(allowsAll)}, MaxItems: aws.Int32(2)}
	for i := range 5 {
		in.ActionNames = append(in.ActionNames, fmt.Sprintf("s3:Action%d", i))
	}
	var got []string
	pages := iam.NewSimulateCustomPolicyPaginator(client, in)
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var page []string
		for _, r := range out.EvaluationResults {
			page = append(page, *r.EvalActionName)
		}
		got = append(got, strings.Join(page, "+"))
	}
	if want := []string{"s3:Action0+s3:Action1", "s3:Action2+s3:Action3", "s3:Action4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// simulatedWorld makes the user alice in a group, each with policies, and a role of AWS's page on Amplify.
func simulatedWorld(t *testing.T, srv *writtest.Server) *iam.Client {
	t.Helper()
	c := srv.IAM()
	user, group, role := aws.String("alice"), aws.String("devs"), aws.String("deployer")
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: user, Path: aws.String("/team/")})
	must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: group})
	must(t, c.AddUserToGroup, &iam.AddUserToGroupInput{UserName: user, GroupName: group})
	must(t, c.PutUserPolicy, &iam.PutUserPolicyInput{
		UserName: user, PolicyName: aws.String("home"), PolicyDocument: aws.String(statements(allowsAtHome)),
	})
	must(t, c.PutGroupPolicy, &iam.PutGroupPolicyInput{
		GroupName: group, PolicyName: aws.String("logs"),
		PolicyDocument: aws.String(statements(deniesLogs, allowsGets)),
	})
	must(t, c.CreatePolicy, &iam.CreatePolicyInput{
		PolicyName: aws.String("queues"), Path: aws.String("/team/"),
		PolicyDocument: aws.String(statements(`{"Effect":"Allow","Action":"sqs:*","Resource":"*"}`)),
	})
	must(t, c.AttachUserPolicy, &iam.AttachUserPolicyInput{
		UserName: user, PolicyArn: aws.String("arn:aws:iam::111122223333:policy/team/queues"),
	})
	trust := statements(`{"Effect":"Allow","Principal":{"Service":"amplify.amazonaws.com"},"Action":"sts:AssumeRole"}`)
	must(t, c.CreateRole, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: &trust})
	must(t, c.AttachRolePolicy, &iam.AttachRolePolicyInput{
		RoleName: role, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess-Amplify"),
	})
	return c
}

const (
	alice    = "arn:aws:iam::111122223333:user/team/alice"
	devs     = "arn:aws:iam::111122223333:group/devs"
	deployer = "arn:aws:iam::111122223333:role/deployer"
)

func TestSimulatePrincipalPolicy(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	for _, test := range []struct {
		name, source, action, resource string
		change                         func(in *iam.SimulatePrincipalPolicyInput)
		want                           string
	}{
		{"by the user's inline policy and the group's", alice, "s3:GetObject", "arn:aws:s3:::b/alice/k",
			func(in *iam.SimulatePrincipalPolicyInput) {
				in.ContextEntries = []types.ContextEntry{entry("aws:SourceIp", "ip", "203.0.113.7")}
			},
			"allowed user_alice_home(IAM Policy)1:38-1:186+group_devs_logs(IAM Policy)1:104-1:162"},
		{"a key is missing for one of them", alice, "s3:GetObject", "arn:aws:s3:::b/alice/k", nil,
			"allowed group_devs_logs(IAM Policy)1:104-1:162 missing:aws:SourceIp"},
		{"by a managed policy, which goes by its name", alice, "sqs:SendMessage", "", nil,
			"allowed queues(IAM Policy)1:38-1:88"},
		{"denied by the group", alice, "s3:GetObject", "arn:aws:s3:::logs/k", nil,
			"explicitDeny group_devs_logs(IAM Policy)1:38-1:104"},
		{"the group itself", devs, "s3:GetObject", "arn:aws:s3:::x/k", nil,
			"allowed group_devs_logs(IAM Policy)1:104-1:162"},
		{"as another user", alice, "s3:GetObject", "arn:aws:s3:::b/bob/k", func(in *iam.SimulatePrincipalPolicyInput) {
			in.CallerArn = aws.String("arn:aws:iam::111122223333:user/bob")
			in.ContextEntries = []types.ContextEntry{entry("aws:SourceIp", "ip", "203.0.113.7")}
		}, "allowed user_alice_home(IAM Policy)1:38-1:186+group_devs_logs(IAM Policy)1:104-1:162"},
		{"with one more policy", alice, "ec2:RunInstances", "", func(in *iam.SimulatePrincipalPolicyInput) {
			in.PolicyInputList = []string{statements(allowsAll)}
		}, "allowed PolicyInputList.1(IAM Policy)1:38-1:84"},
		{"Amplify's role, not by way of CloudFormation", deployer, "iam:TagRole", "", nil,
			"implicitDeny missing:aws:CalledVia"},
		{"Amplify's role, by way of Athena", deployer, "iam:TagRole", "", func(in *iam.SimulatePrincipalPolicyInput) {
			in.ContextEntries = []types.ContextEntry{entry("aws:CalledVia", "stringList", "athena.amazonaws.com")}
		}, "implicitDeny"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := &iam.SimulatePrincipalPolicyInput{
				PolicySourceArn: aws.String(test.source), ActionNames: []string{test.action},
			}
			if test.resource != "" {
				in.ResourceArns = []string{test.resource}
			}
			if test.change != nil {
				test.change(in)
			}
			out, err := client.SimulatePrincipalPolicy(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(out.EvaluationResults[0]); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestAmplifysRoleMayTagRolesByWayOfCloudFormation(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	for _, kind := range []types.ContextKeyTypeEnum{"string", "stringList"} {
		out, err := client.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String(deployer), ActionNames: []string{"iam:TagRole"},
			ContextEntries: []types.ContextEntry{entry("aws:CalledVia", kind, "cloudformation.amazonaws.com")},
		})
		if err != nil {
			t.Fatal(err)
		}
		r := out.EvaluationResults[0]
		if r.EvalDecision != "allowed" || len(r.MissingContextValues) != 0 || len(r.MatchedStatements) != 1 ||
			*r.MatchedStatements[0].SourcePolicyId != "AdministratorAccess-Amplify" {
			t.Errorf("got %s", told(r))
		}
	}
}

func TestABoundaryOfTheEntityIsPartOfItsSimulation(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	must(t, client.PutUserPermissionsBoundary, &iam.PutUserPermissionsBoundaryInput{
		UserName:            aws.String("alice"),
		PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
	})
	for _, test := range []struct {
		change func(in *iam.SimulatePrincipalPolicyInput)
		want   string
	}{
		{func(in *iam.SimulatePrincipalPolicyInput) {}, "implicitDeny boundary:false"},
		{func(in *iam.SimulatePrincipalPolicyInput) {
			in.PermissionsBoundaryPolicyInputList = []string{statements(allowsAll)}
		}, "allowed queues(IAM Policy)1:38-1:88 boundary:true"},
	} {
		in := &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String(alice), ActionNames: []string{"sqs:SendMessage"},
		}
		test.change(in)
		out, err := client.SimulatePrincipalPolicy(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := told(out.EvaluationResults[0]); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestServiceControlPoliciesArePartOfASimulation(t *testing.T) {
	srv, ctx := writtest.New(t), t.Context()
	client := memberOf(t, srv, statements(deniesLogs, `{"Effect":"Deny","Action":"iam:*User","Resource":"*"}`))
	me, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("OrganizationAccountAccessRole")})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ action, resource, want string }{
		{"s3:GetObject", "arn:aws:s3:::b/k", "allowed AdministratorAccess organization:true"},
		{"s3:GetObject", "arn:aws:s3:::logs/k", "explicitDeny organization:false"},
		{"iam:CreateUser", "*", "explicitDeny organization:false"},
	} {
		out, err := client.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: me.Role.Arn, ActionNames: []string{test.action}, ResourceArns: []string{test.resource},
		})
		if err != nil {
			t.Fatal(err)
		}
		r := out.EvaluationResults[0]
		for i := range r.MatchedStatements {
			if *r.MatchedStatements[i].SourcePolicyId == "AdministratorAccess" {
				r.MatchedStatements = nil
				r.EvalDecision += " AdministratorAccess"
			}
		}
		if got := told(r); got != test.want {
			t.Errorf("%s on %s: got %s, want %s", test.action, test.resource, got, test.want)
		}
	}
	// No such policy binds the management account.
	out, err := srv.IAM().SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String("arn:aws:iam::111122223333:user/admin"), ActionNames: []string{"iam:CreateUser"},
	})
	if err != nil || !out.EvaluationResults[0].OrganizationsDecisionDetail.AllowedByOrganizations {
		t.Errorf("in the management account: got %v, %v", out, err)
	}
}

// memberOf makes an organization with a service control policy on its root, and returns an administrator of a member
// account.
func memberOf(t *testing.T, srv *writtest.Server, scp string) *iam.Client {
	t.Helper()
	ctx, org := t.Context(), srv.Organizations()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := org.CreateOrganization(ctx, &organizations.CreateOrganizationInput{})
	check(err)
	roots, err := org.ListRoots(ctx, &organizations.ListRootsInput{})
	check(err)
	root, kind := roots.Roots[0].Id, orgtypes.PolicyTypeServiceControlPolicy
	_, err = org.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: root, PolicyType: kind})
	if code(err) != "PolicyTypeAlreadyEnabledException" {
		check(err)
	}
	p, err := org.CreatePolicy(ctx, &organizations.CreatePolicyInput{
		Content: &scp, Name: aws.String("limits"), Description: aws.String(""), Type: kind,
	})
	check(err)
	_, err = org.AttachPolicy(ctx, &organizations.AttachPolicyInput{
		PolicyId: p.Policy.PolicySummary.Id, TargetId: root,
	})
	check(err)
	made, err := org.CreateAccount(ctx, &organizations.CreateAccountInput{
		AccountName: aws.String("member"), Email: aws.String("member@example.com"),
	})
	check(err)

	config := srv.Config("", "", "")
	config.Credentials = newUser(t, srv, "admin", statements(allowsAll)).Options().Credentials
	role := "arn:aws:iam::" + *made.CreateAccountStatus.AccountId + ":role/OrganizationAccountAccessRole"
	session, err := sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn:         &role,
		RoleSessionName: aws.String("test"),
	})
	check(err)
	k := session.Credentials
	return iam.NewFromConfig(srv.Config(*k.AccessKeyId, *k.SecretAccessKey, *k.SessionToken))
}

func TestSimulatePrincipalPolicyNeedsAnIdentityOfTheAccount(t *testing.T) {
	client := simulatedWorld(t, writtest.New(t))
	for arn, want := range map[string]string{
		"arn:aws:iam::111122223333:user/alice":       "NoSuchEntity", // another path
		"arn:aws:iam::111122223333:role/nobody":      "NoSuchEntity",
		"arn:aws:iam::111122223333:group/nobody":     "NoSuchEntity",
		"arn:aws:iam::444455556666:role/deployer":    "InvalidInput",
		"arn:aws:iam::111122223333:root":             "InvalidInput",
		"arn:aws:iam::111122223333:policy/queues":    "InvalidInput",
		"arn:aws:sts::111122223333:assumed-role/r/s": "InvalidInput",
		"no ARN, but long enough":                    "InvalidInput",
	} {
		_, err := client.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: aws.String(arn), ActionNames: []string{"s3:GetObject"},
		})
		if code(err) != want {
			t.Errorf("simulate %s: got %v, want %s", arn, err, want)
		}
		_, err = client.GetContextKeysForPrincipalPolicy(t.Context(), &iam.GetContextKeysForPrincipalPolicyInput{
			PolicySourceArn: aws.String(arn),
		})
		if code(err) != want {
			t.Errorf("context keys of %s: got %v, want %s", arn, err, want)
		}
		_, err = client.ListPoliciesGrantingServiceAccess(t.Context(), &iam.ListPoliciesGrantingServiceAccessInput{
			Arn: aws.String(arn), ServiceNamespaces: []string{"s3"},
		})
		if code(err) != want {
			t.Errorf("policies of %s: got %v, want %s", arn, err, want)
		}
	}
}

func TestUserWithoutPoliciesMaySimulateNothing(t *testing.T) {
	srv := writtest.New(t)
	simulatedWorld(t, srv)
	c := newUser(t, srv, "eve", "")
	list, actions := []string{statements(allowsAll)}, []string{"s3:GetObject"}
	job := aws.String("00000000-0000-0000-0000-000000000000")
	for _, test := range []struct {
		action, resource string
		call             func() error
	}{
		{"SimulateCustomPolicy", "*",
			try(c.SimulateCustomPolicy, &iam.SimulateCustomPolicyInput{PolicyInputList: list, ActionNames: actions})},
		{"SimulatePrincipalPolicy", alice,
			try(c.SimulatePrincipalPolicy, &iam.SimulatePrincipalPolicyInput{
				PolicySourceArn: aws.String(alice), ActionNames: actions,
			})},
		{"GetContextKeysForCustomPolicy", "*",
			try(c.GetContextKeysForCustomPolicy, &iam.GetContextKeysForCustomPolicyInput{PolicyInputList: list})},
		{"GetContextKeysForPrincipalPolicy", deployer,
			try(c.GetContextKeysForPrincipalPolicy, &iam.GetContextKeysForPrincipalPolicyInput{
				PolicySourceArn: aws.String(deployer),
			})},
		{"ListPoliciesGrantingServiceAccess", devs,
			try(c.ListPoliciesGrantingServiceAccess, &iam.ListPoliciesGrantingServiceAccessInput{
				Arn: aws.String(devs), ServiceNamespaces: []string{"s3"},
			})},
		{"GenerateServiceLastAccessedDetails", alice,
			try(c.GenerateServiceLastAccessedDetails, &iam.GenerateServiceLastAccessedDetailsInput{
				Arn: aws.String(alice),
			})},
		{"GetServiceLastAccessedDetails", "*",
			try(c.GetServiceLastAccessedDetails, &iam.GetServiceLastAccessedDetailsInput{JobId: job})},
		{"GetServiceLastAccessedDetailsWithEntities", "*",
			try(c.GetServiceLastAccessedDetailsWithEntities, &iam.GetServiceLastAccessedDetailsWithEntitiesInput{
				JobId: job, ServiceNamespace: aws.String("iam"),
			})},
	} {
		want := "User: arn:aws:iam::111122223333:user/eve is not authorized to perform: iam:" + test.action +
			" on resource: " + test.resource + " because no identity-based policy allows the iam:" + test.action + " action"
		if err := test.call(); code(err) != "AccessDenied" || !strings.Contains(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
