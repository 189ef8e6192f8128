package eval_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/condition"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// benchmarkRequests are what all benchmarks decide, in turn, so that no request is at hand from the last round: each
// action that AdministratorAccess-Amplify lists, on a resource that its statement grants, the ones that hold only when
// CloudFormation calls once with and once without aws:CalledVia, and in every tenth place an action that it does not list.
func benchmarkRequests(tb testing.TB) (requests []*eval.Request) {
	who, err := eval.ParsePrincipal("arn:aws:iam::111122223333:user/dev")
	if err != nil {
		tb.Fatal(err)
	}
	called, err := condition.NewContext(map[string][]string{"aws:CalledVia": {"cloudformation.amazonaws.com"}})
	if err != nil {
		tb.Fatal(err)
	}
	doc, err := policy.Parse(mustDocument(tb, attached[0]))
	if err != nil {
		tb.Fatal(err)
	}
	others := []string{"ec2:RunInstances", "kms:Decrypt", "s3:GetObjectTorrent", "iam:CreateUser", "organizations:ListAccounts"}
	for _, s := range doc.Statements {
		for _, action := range s.Action.Strings() {
			service, _, _ := strings.Cut(action, ":")
			resource := s.Resource.Strings()[0]
			if resource == "*" {
				resource = "arn:aws:" + service + ":eu-west-1:111122223333:thing/amplify-app-main-0a1b"
			}
			resource = strings.NewReplacer("*:*:", "eu-west-1:111122223333:", "*", "app-main-0a1b").Replace(resource)
			requests = append(requests, &eval.Request{Principal: who, Action: action, Resource: resource})
			if s.Condition != nil {
				requests = append(requests, &eval.Request{Principal: who, Action: action, Resource: resource, Context: called})
			}
			if len(requests)%10 == 0 {
				requests = append(requests, &eval.Request{Principal: who, Action: others[len(requests)/10%len(others)], Resource: "arn:aws:s3:::b/k"})
			}
		}
	}
	return requests
}

// attached are policies as they are attached to one role, the first being the mission's.
var attached = []string{
	"AdministratorAccess-Amplify@v10", "AmazonS3ReadOnlyAccess", "AmazonDynamoDBReadOnlyAccess", "AWSLambda_ReadOnlyAccess", "CloudWatchReadOnlyAccess",
	"AmazonSQSFullAccess", "AmazonSNSFullAccess", "AmazonEC2ReadOnlyAccess", "AmazonRDSReadOnlyAccess", "AWSStepFunctionsReadOnlyAccess",
	"AmazonKinesisReadOnlyAccess", "AmazonESReadOnlyAccess", "AmazonSESReadOnlyAccess", "AWSCloudFormationReadOnlyAccess", "AmazonVPCReadOnlyAccess",
	"AWSXrayReadOnlyAccess", "AmazonRoute53ReadOnlyAccess", "AmazonCognitoReadOnly", "AWSCodeBuildReadOnlyAccess", "AWSCodeCommitReadOnly",
}

func mustCompile(tb testing.TB, t eval.PolicyType, src []byte) *eval.Policy {
	tb.Helper()
	doc, err := policy.Parse(src)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := eval.Compile(doc, t)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func mustFind(tb testing.TB, t eval.PolicyType, refs ...string) (list []*eval.Policy) {
	tb.Helper()
	for _, ref := range refs {
		v, err := managed.Find(ref)
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, mustCompile(tb, t, v.Document()))
	}
	return list
}

// manyStatements makes a policy of n statements, the first ones of AdministratorAccess-Amplify and then others about other
// actions, about wildcards of the same services, and about other resources of the same action.
func manyStatements(tb testing.TB, n int) *eval.Policy {
	v, err := managed.Find("AdministratorAccess-Amplify@v10")
	if err != nil {
		tb.Fatal(err)
	}
	doc, err := policy.Parse(v.Document())
	if err != nil {
		tb.Fatal(err)
	}
	src := strings.TrimSuffix(strings.TrimSpace(string(doc.Format())), "]\n}")
	var b strings.Builder
	b.WriteString(strings.TrimRight(src, " \n"))
	for i := len(doc.Statements); i < n; i++ {
		action, resource := fmt.Sprintf("svc%d:Act%d", i%97, i), "*"
		switch i % 3 {
		case 1:
			action = fmt.Sprintf("lambda:Get%d*", i)
		case 2:
			action, resource = "lambda:CreateFunction", fmt.Sprintf("arn:aws:lambda:*:*:function:f%d-*", i)
		}
		fmt.Fprintf(&b, `,{"Effect":"Allow","Action":%q,"Resource":%q}`, action, resource)
	}
	b.WriteString("]}")
	return mustCompile(tb, eval.Identity, []byte(b.String()))
}

const guard = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":"*","Resource":"*"},
	{"Effect":"Deny","Action":["organizations:LeaveOrganization","iam:DeleteRolePermissionsBoundary"],"Resource":"*"}]}`

// BenchmarkDecide measures one decision, and one lookup of the action's name in a Go map as the floor.
func BenchmarkDecide(b *testing.B) {
	requests := benchmarkRequests(b)
	// The floor: one lookup of the action's name in a map of all actions that AWS has.
	b.Run("floor=map-lookup", func(b *testing.B) {
		all, err := authref.Expand("*")
		if err != nil {
			b.Fatal(err)
		}
		names := make(map[string]int, len(all))
		for i, name := range all {
			names[name] = i
		}
		sum, i := 0, 0
		for b.Loop() {
			sum += names[requests[i].Action]
			if i++; i == len(requests) {
				i = 0
			}
		}
		if sum < 0 {
			b.Fatal(sum)
		}
	})
	one := eval.Policies{Identity: mustFind(b, eval.Identity, attached[:1]...)}
	b.Run("policies=1,prepared", func(b *testing.B) {
		b.ReportAllocs()
		prepared := make([]*eval.Prepared, len(requests))
		for i, r := range requests {
			prepared[i] = r.Prepare()
		}
		i := 0
		for b.Loop() {
			one.DecidePrepared(prepared[i])
			if i++; i == len(requests) {
				i = 0
			}
		}
	})
	boundary, scp := mustCompile(b, eval.Boundary, []byte(guard)), mustCompile(b, eval.SCP, []byte(guard))
	guarded := eval.Policies{Identity: mustFind(b, eval.Identity, attached...), Boundary: boundary, SCPs: [][]*eval.Policy{{scp}}}
	for _, c := range []struct {
		name     string
		policies eval.Policies
	}{
		{"policies=1", one},
		{"policies=5", eval.Policies{Identity: mustFind(b, eval.Identity, attached[:5]...)}},
		{"policies=20", eval.Policies{Identity: guarded.Identity}},
		{"policies=20+boundary+scp", guarded},
		{"statements=10", eval.Policies{Identity: []*eval.Policy{manyStatements(b, 10)}}},
		{"statements=100", eval.Policies{Identity: []*eval.Policy{manyStatements(b, 100)}}},
		{"statements=1000", eval.Policies{Identity: []*eval.Policy{manyStatements(b, 1000)}}},
		{"statements=10000", eval.Policies{Identity: []*eval.Policy{manyStatements(b, 10000)}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c.policies.Decide(requests[i])
				if i++; i == len(requests) {
					i = 0
				}
			}
		})
	}
}

func mustDocument(tb testing.TB, ref string) []byte {
	v, err := managed.Find(ref)
	if err != nil {
		tb.Fatal(err)
	}
	return v.Document()
}

// BenchmarkCompile measures parsing and compiling a document.
func BenchmarkCompile(b *testing.B) {
	for _, ref := range []string{"AdministratorAccess-Amplify@v10", "ReadOnlyAccess"} {
		src := mustDocument(b, ref)
		b.Run(ref, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				mustCompile(b, eval.Identity, src)
			}
		})
	}
}
