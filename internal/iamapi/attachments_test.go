package iamapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

// holders are a user, a group and a role, each called x, and what can be done with their policies.
type holder struct {
	attach, detach func(arn string) error
	attached       func(prefix string, marker *string, max *int32) result
	put            func(name, document string) error
	get            func(name string) (*string, error)
	drop           func(name string) error
	inline         func(marker *string, max *int32) result
}

func policyName(p types.AttachedPolicy) *string { return p.PolicyName }

// holders are the user, the group and the role of a name.
func holders(t *testing.T, c *iam.Client, n string) map[string]holder {
	name := &n
	return map[string]holder{
		"user": {
			func(arn string) error {
				return try(c.AttachUserPolicy, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: &arn})()
			},
			func(arn string) error {
				return try(c.DetachUserPolicy, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: &arn})()
			},
			func(prefix string, marker *string, max *int32) result {
				out := must(t, c.ListAttachedUserPolicies,
					&iam.ListAttachedUserPoliciesInput{UserName: name, PathPrefix: &prefix, Marker: marker, MaxItems: max})
				return result{names(out.AttachedPolicies, policyName), out.Marker, out.IsTruncated}
			},
			func(policy, document string) error {
				return try(c.PutUserPolicy,
					&iam.PutUserPolicyInput{UserName: name, PolicyName: &policy, PolicyDocument: &document})()
			},
			func(policy string) (*string, error) {
				out, err := c.GetUserPolicy(t.Context(), &iam.GetUserPolicyInput{UserName: name, PolicyName: &policy})
				if err != nil {
					return nil, err
				}
				return out.PolicyDocument, nil
			},
			func(policy string) error {
				return try(c.DeleteUserPolicy, &iam.DeleteUserPolicyInput{UserName: name, PolicyName: &policy})()
			},
			func(marker *string, max *int32) result {
				out := must(t, c.ListUserPolicies,
					&iam.ListUserPoliciesInput{UserName: name, Marker: marker, MaxItems: max})
				return result{out.PolicyNames, out.Marker, out.IsTruncated}
			},
		},
		"group": {
			func(arn string) error {
				return try(c.AttachGroupPolicy, &iam.AttachGroupPolicyInput{GroupName: name, PolicyArn: &arn})()
			},
			func(arn string) error {
				return try(c.DetachGroupPolicy, &iam.DetachGroupPolicyInput{GroupName: name, PolicyArn: &arn})()
			},
			func(prefix string, marker *string, max *int32) result {
				out := must(t, c.ListAttachedGroupPolicies,
					&iam.ListAttachedGroupPoliciesInput{GroupName: name, PathPrefix: &prefix, Marker: marker, MaxItems: max})
				return result{names(out.AttachedPolicies, policyName), out.Marker, out.IsTruncated}
			},
			func(policy, document string) error {
				return try(c.PutGroupPolicy,
					&iam.PutGroupPolicyInput{GroupName: name, PolicyName: &policy, PolicyDocument: &document})()
			},
			func(policy string) (*string, error) {
				out, err := c.GetGroupPolicy(t.Context(),
					&iam.GetGroupPolicyInput{GroupName: name, PolicyName: &policy})
				if err != nil {
					return nil, err
				}
				return out.PolicyDocument, nil
			},
			func(policy string) error {
				return try(c.DeleteGroupPolicy, &iam.DeleteGroupPolicyInput{GroupName: name, PolicyName: &policy})()
			},
			func(marker *string, max *int32) result {
				out := must(t, c.ListGroupPolicies,
					&iam.ListGroupPoliciesInput{GroupName: name, Marker: marker, MaxItems: max})
				return result{out.PolicyNames, out.Marker, out.IsTruncated}
			},
		},
		"role": {
			func(arn string) error {
				return try(c.AttachRolePolicy, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn})()
			},
			func(arn string) error {
				return try(c.DetachRolePolicy, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: &arn})()
			},
			func(prefix string, marker *string, max *int32) result {
				out := must(t, c.ListAttachedRolePolicies,
					&iam.ListAttachedRolePoliciesInput{RoleName: name, PathPrefix: &prefix, Marker: marker, MaxItems: max})
				return result{names(out.AttachedPolicies, policyName), out.Marker, out.IsTruncated}
			},
			func(policy, document string) error {
				return try(c.PutRolePolicy,
					&iam.PutRolePolicyInput{RoleName: name, PolicyName: &policy, PolicyDocument: &document})()
			},
			func(policy string) (*string, error) {
				out, err := c.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: name, PolicyName: &policy})
				if err != nil {
					return nil, err
				}
				return out.PolicyDocument, nil
			},
			func(policy string) error {
				return try(c.DeleteRolePolicy, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: &policy})()
			},
			func(marker *string, max *int32) result {
				out := must(t, c.ListRolePolicies,
					&iam.ListRolePoliciesInput{RoleName: name, Marker: marker, MaxItems: max})
				return result{out.PolicyNames, out.Marker, out.IsTruncated}
			},
		},
	}
}

// withHolders makes the user, the group and the role x.
func withHolders(t *testing.T) *iam.Client {
	c := writtest.New(t).IAM()
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("x")})
	must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: aws.String("x")})
	must(t, c.CreateRole, newRole("x"))
	return c
}

// answers checks the answer to a call: "" for success, or a code, a colon and a space, and words of the message.
func answers(t *testing.T, what, want string, err error) {
	t.Helper()
	wantCode, message, _ := strings.Cut(want, ": ")
	if code(err) != wantCode || err != nil && !strings.Contains(err.Error(), message) {
		t.Errorf("%s: %v, want %q", what, err, want)
	}
}

func TestManagedPoliciesAreAttachedAndDetached(t *testing.T) {
	c := withHolders(t)
	in := newPolicy("Own")
	in.Path = aws.String("/app/")
	own := *must(t, c.CreatePolicy, in).Policy.Arn
	for kind, h := range holders(t, c, "x") {
		for _, arn := range []string{readOnly, own, "arn:aws:iam::aws:policy/job-function/Billing", own} { // the second time changes nothing
			answers(t, kind, "", h.attach(arn))
		}
		for prefix, want := range map[string][]string{
			"/": {"Own", "ReadOnlyAccess", "Billing"}, "/app/": {"Own"}, "/job-function/": {"Billing"}, "/none/": nil,
		} {
			pages(t, kind+" below "+prefix, func(marker *string, one *int32) result { return h.attached(prefix, marker, one) }, want...)
		}
		answers(t, kind, "", h.detach(own))
		answers(t, kind, "NoSuchEntity: Policy "+own+" was not found.", h.detach(own))
		for arn, want := range map[string]string{
			noSuchPolicy: "NoSuchEntity: Policy " + noSuchPolicy + " does not exist or is not attachable.",
			"arn:aws:iam::444455556666:policy/Theirs":                             "NoSuchEntity: does not exist or is not attachable.",
			ownARN("policy/Own"):                                                  "NoSuchEntity: ",
			"AmazonS3FullAccess, but by its name":                                 "InvalidInput: ARN AmazonS3FullAccess, but by its name is not valid.",
			"arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy": "PolicyNotAttachable: Cannot attach a Service Role Policy to a Customer Role.",
			"arn:aws:iam::aws:policy/AWSIoT1ClickFullAccess":                      "PolicyNotAttachable: ",
		} {
			answers(t, kind+" "+arn, want, h.attach(arn))
		}
	}
	for kind, h := range holders(t, c, "none") {
		answers(t, kind, "NoSuchEntity: with name none cannot be found.", h.attach(readOnly))
		answers(t, kind, "NoSuchEntity: with name none cannot be found.", h.detach(readOnly))
	}
	none := aws.String("none")
	fails(t, "NoSuchEntity", "", c.ListAttachedUserPolicies, &iam.ListAttachedUserPoliciesInput{UserName: none})
	fails(t, "NoSuchEntity", "", c.ListAttachedGroupPolicies, &iam.ListAttachedGroupPoliciesInput{GroupName: none})
	fails(t, "NoSuchEntity", "", c.ListAttachedRolePolicies, &iam.ListAttachedRolePoliciesInput{RoleName: none})
	fails(t, "DeleteConflict", "attached to entities", func() operation[iam.DeletePolicyInput, iam.DeletePolicyOutput] {
		answers(t, "attach", "", holders(t, c, "x")["user"].attach(own))
		return c.DeletePolicy
	}(), &iam.DeletePolicyInput{PolicyArn: &own})
}

func TestTheTenthManagedPolicyIsTheLast(t *testing.T) {
	c := withHolders(t)
	for i := range 11 {
		must(t, c.CreatePolicy, newPolicy(fmt.Sprint("P", i)))
	}
	for kind, h := range holders(t, c, "x") {
		for i := range 10 {
			answers(t, kind, "", h.attach(ownARN(fmt.Sprint("policy/P", i))))
		}
		quota := strings.ToUpper(kind[:1]) + kind[1:]
		answers(t, kind, "LimitExceeded: Cannot exceed quota for PoliciesPer"+quota+": 10", h.attach(ownARN("policy/P10")))
	}
}

func TestInlinePolicies(t *testing.T) {
	c := withHolders(t)
	const spaced = `{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/ü+%" } }`
	for kind, h := range holders(t, c, "x") {
		answers(t, kind, "", h.put("b", anything))
		answers(t, kind, "", h.put("a", anything))
		answers(t, kind, "", h.put("a", spaced))
		text, err := h.get("a")
		answers(t, kind, "", err)
		if got := decoded(t, text); got != spaced {
			t.Errorf("%s: got %s, want %s", kind, got, spaced)
		}
		pages(t, kind, h.inline, "a", "b")
		answers(t, kind, "", h.drop("a"))
		_, err = h.get("a")
		missing := "NoSuchEntity: The " + kind + " policy with name a cannot be found."
		answers(t, kind, missing, err)
		answers(t, kind, missing, h.drop("a"))
		answers(t, kind, "MalformedPolicyDocument: Syntax errors in policy.", h.put("c", "{"))
		answers(t, kind, "MalformedPolicyDocument: Policy document should not specify a principal.", h.put("c", ec2Trust))
		large := strings.Replace(anything, `"*"`, `["s3:`+strings.Repeat(strings.Repeat("a", 1000)+`","s3:`, 11)+`b"]`, 1)
		answers(t, kind, "LimitExceeded: Maximum policy size of ", h.put("c", large))
	}
	for kind, h := range holders(t, c, "none") {
		missing := "NoSuchEntity: The " + kind + " with name none cannot be found."
		answers(t, kind, missing, h.put("a", "{"))
		answers(t, kind, missing, h.drop("a"))
		_, err := h.get("a")
		answers(t, kind, missing, err)
	}
}

func TestWhoUsesPolicy(t *testing.T) {
	c := writtest.New(t).IAM()
	own := *must(t, c.CreatePolicy, newPolicy("Own")).Policy.Arn
	for _, name := range []string{"a", "b"} {
		must(t, c.CreateUser, &iam.CreateUserInput{UserName: &name, Path: aws.String("/" + name + "/")})
		must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: &name, Path: aws.String("/" + name + "/")})
		in := newRole(name)
		in.Path = aws.String("/" + name + "/")
		must(t, c.CreateRole, in)
	}
	for _, h := range holders(t, c, "a") {
		answers(t, "attach", "", h.attach(own))
	}
	must(t, c.PutUserPermissionsBoundary,
		&iam.PutUserPermissionsBoundaryInput{UserName: aws.String("a"), PermissionsBoundary: &own})
	must(t, c.PutRolePermissionsBoundary,
		&iam.PutRolePermissionsBoundaryInput{RoleName: aws.String("b"), PermissionsBoundary: &own})

	for _, test := range []struct {
		in   iam.ListEntitiesForPolicyInput
		want string
	}{
		{iam.ListEntitiesForPolicyInput{}, "group:a role:a user:a role:b"},
		{iam.ListEntitiesForPolicyInput{EntityFilter: types.EntityTypeRole}, "role:a role:b"},
		{iam.ListEntitiesForPolicyInput{EntityFilter: types.EntityTypeGroup}, "group:a"},
		{iam.ListEntitiesForPolicyInput{PathPrefix: aws.String("/b/")}, "role:b"},
		{iam.ListEntitiesForPolicyInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsPolicy}, "group:a role:a user:a"},
		{iam.ListEntitiesForPolicyInput{PolicyUsageFilter: types.PolicyUsageTypePermissionsBoundary}, "role:b user:a"},
	} {
		pages(t, fmt.Sprintf("%+v", test.in), func(marker *string, one *int32) result {
			in := test.in
			in.PolicyArn, in.Marker, in.MaxItems = &own, marker, one
			out := must(t, c.ListEntitiesForPolicy, &in)
			var all []string
			for _, g := range out.PolicyGroups {
				all = append(all, "group:"+*g.GroupName)
			}
			for _, r := range out.PolicyRoles {
				all = append(all, "role:"+*r.RoleName)
			}
			for _, u := range out.PolicyUsers {
				all = append(all, "user:"+*u.UserName)
			}
			if marker == nil && one == nil && test.want == "group:a role:a user:a role:b" {
				all = strings.Fields(test.want) // in one page the roles are together
				if len(out.PolicyRoles) != 2 || len(out.PolicyUsers) != 1 || len(out.PolicyGroups) != 1 {
					t.Errorf("in one page: %+v", out)
				}
			}
			return result{all, out.Marker, out.IsTruncated}
		}, strings.Fields(test.want)...)
	}
	p := must(t, c.GetPolicy, &iam.GetPolicyInput{PolicyArn: &own}).Policy
	if *p.AttachmentCount != 3 || *p.PermissionsBoundaryUsageCount != 2 {
		t.Errorf("counted %d attachments and %d boundaries", *p.AttachmentCount, *p.PermissionsBoundaryUsageCount)
	}
}
