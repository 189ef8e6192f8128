package iamapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/writtest"
)

func TestRoleFromBeginningToEnd(t *testing.T) {
	c := writtest.New(t).IAM()
	worker := aws.String("Worker")
	get := func() *types.Role { return must(t, c.GetRole, &iam.GetRoleInput{RoleName: worker}).Role }

	made := must(t, c.CreateRole, &iam.CreateRoleInput{
		RoleName: worker, Path: aws.String("/app/"), AssumeRolePolicyDocument: aws.String(ec2Trust), Description: aws.String("works"),
		MaxSessionDuration: aws.Int32(7200), Tags: tagged("b=2", "a="),
	}).Role
	if *made.Arn != ownARN("role/app/Worker") || !strings.HasPrefix(*made.RoleId, "AROA") ||
		written(made.Tags) != "a= b=2" ||
		decoded(t, made.AssumeRolePolicyDocument) != ec2Trust {
		t.Errorf("made %+v", made)
	}
	got := must(t, c.GetRole,
		&iam.GetRoleInput{RoleName: aws.String("worker")}).Role // names are not told apart by case
	if *got.RoleId != *made.RoleId || *got.RoleName != "Worker" || *got.Description != "works" ||
		*got.MaxSessionDuration != 7200 ||
		got.RoleLastUsed == nil || got.RoleLastUsed.LastUsedDate != nil {
		t.Errorf("got %+v", got)
	}

	must(t, c.UpdateRole, &iam.UpdateRoleInput{RoleName: worker, Description: aws.String("works hard")})
	if got := get(); *got.Description != "works hard" || *got.MaxSessionDuration != 3600 {
		t.Errorf("a duration that is left out is the default: %s, %d seconds", *got.Description, *got.MaxSessionDuration)
	}
	must(t, c.UpdateRole, &iam.UpdateRoleInput{RoleName: worker, MaxSessionDuration: aws.Int32(43200)})
	if got := get(); *got.Description != "works hard" || *got.MaxSessionDuration != 43200 {
		t.Errorf("a description that is left out stays: %s, %d seconds", *got.Description, *got.MaxSessionDuration)
	}
	described := must(t, c.UpdateRoleDescription,
		&iam.UpdateRoleDescriptionInput{RoleName: worker, Description: aws.String("rests")}).Role
	if *described.Description != "rests" {
		t.Errorf("described as %s", *described.Description)
	}
	trust := strings.Replace(ec2Trust, "ec2", "lambda", 1)
	must(t, c.UpdateAssumeRolePolicy, &iam.UpdateAssumeRolePolicyInput{RoleName: worker, PolicyDocument: &trust})
	if got := decoded(t, get().AssumeRolePolicyDocument); got != trust {
		t.Errorf("trusts %s", got)
	}

	must(t, c.TagRole, &iam.TagRoleInput{RoleName: worker, Tags: tagged("B=3")})
	must(t, c.UntagRole, &iam.UntagRoleInput{RoleName: worker, TagKeys: []string{"A"}})
	if got := written(must(t, c.ListRoleTags, &iam.ListRoleTagsInput{RoleName: worker}).Tags); got != "B=3" {
		t.Errorf("tags %s", got)
	}

	must(t, c.DeleteRole, &iam.DeleteRoleInput{RoleName: worker})
	fails(t, "NoSuchEntity", "The role with name Worker cannot be found.", c.GetRole,
		&iam.GetRoleInput{RoleName: worker})
}

func TestRolesAreListedByPathWithoutDetails(t *testing.T) {
	c := writtest.New(t).IAM()
	for i, path := range []string{"/", "/app/", "/app/web/", "/ops/"} {
		in := newRole(fmt.Sprint("r", i))
		in.Path, in.PermissionsBoundary, in.Tags = &path, aws.String(readOnly), tagged("a=b")
		must(t, c.CreateRole, in)
	}
	for prefix, want := range map[string][]string{"/": {"r0", "r1", "r2", "r3"}, "/app/": {"r1", "r2"}, "/none/": nil} {
		pages(t, "roles below "+prefix, func(marker *string, one *int32) result {
			out := must(t, c.ListRoles, &iam.ListRolesInput{PathPrefix: &prefix, Marker: marker, MaxItems: one})
			for _, r := range out.Roles {
				if r.Tags != nil || r.PermissionsBoundary != nil || r.RoleLastUsed != nil ||
					r.AssumeRolePolicyDocument == nil {
					t.Errorf("listed as %+v", r)
				}
			}
			return result{names(out.Roles, func(r types.Role) *string { return r.RoleName }), out.Marker, out.IsTruncated}
		}, want...)
	}
	fails(t, "ValidationError", "Marker", c.ListRoles, &iam.ListRolesInput{Marker: aws.String("!")})
}

func TestWhatRolesRefuse(t *testing.T) {
	c := writtest.New(t).IAM()
	must(t, c.CreateRole, newRole("worker"))
	fails(t, "EntityAlreadyExists", "Role with name WORKER already exists.", c.CreateRole, newRole("WORKER"))
	for _, test := range []struct {
		code, message string
		change        func(*iam.CreateRoleInput)
	}{
		{"MalformedPolicyDocument", "Has prohibited field Resource", func(in *iam.CreateRoleInput) { in.AssumeRolePolicyDocument = aws.String(anything) }},
		{"NoSuchEntity", "Policy " + noSuchPolicy + " does not exist or is not attachable.",
			func(in *iam.CreateRoleInput) { in.PermissionsBoundary = aws.String(noSuchPolicy) }},
		{"InvalidInput", "ARN arn:aws:iam:aws:policy/ReadOnlyAccess is not valid.",
			func(in *iam.CreateRoleInput) {
				in.PermissionsBoundary = aws.String("arn:aws:iam:aws:policy/ReadOnlyAccess")
			}},
		{"InvalidInput", "Duplicate tag keys found.", func(in *iam.CreateRoleInput) { in.Tags = tagged("a=", "A=") }},
		{"ValidationError", "maxSessionDuration", func(in *iam.CreateRoleInput) { in.MaxSessionDuration = aws.Int32(60) }},
		{"InvalidInput", "reserved", func(in *iam.CreateRoleInput) { in.Path = aws.String("/aws-service-role/ecs.amazonaws.com/") }},
		{"AccessDenied", "iam:CreateRole", func(in *iam.CreateRoleInput) { in.Path = aws.String("/aws-reserved/") }},
	} {
		in := newRole("r")
		test.change(in)
		fails(t, test.code, test.message, c.CreateRole, in)
	}

	none, missing := aws.String("none"), "The role with name none cannot be found."
	fails(t, "NoSuchEntity", missing, c.UpdateRole, &iam.UpdateRoleInput{RoleName: none})
	fails(t, "NoSuchEntity", missing, c.UpdateRoleDescription,
		&iam.UpdateRoleDescriptionInput{RoleName: none, Description: none})
	fails(t, "NoSuchEntity", missing, c.UpdateAssumeRolePolicy,
		&iam.UpdateAssumeRolePolicyInput{RoleName: none, PolicyDocument: aws.String(ec2Trust)})
	fails(t, "NoSuchEntity", missing, c.DeleteRole, &iam.DeleteRoleInput{RoleName: none})
	fails(t, "NoSuchEntity", missing, c.TagRole, &iam.TagRoleInput{RoleName: none, Tags: tagged("a=")})
	fails(t, "NoSuchEntity", missing, c.UntagRole, &iam.UntagRoleInput{RoleName: none, TagKeys: []string{"a"}})
	fails(t, "NoSuchEntity", missing, c.ListRoleTags, &iam.ListRoleTagsInput{RoleName: none})

	worker := aws.String("worker")
	fails(t, "MalformedPolicyDocument", "This policy contains invalid Json", c.UpdateAssumeRolePolicy,
		&iam.UpdateAssumeRolePolicyInput{RoleName: worker, PolicyDocument: aws.String("{")})
	must(t, c.TagRole, &iam.TagRoleInput{RoleName: worker, Tags: manyTags(50)})
	fails(t, "LimitExceeded", "", c.TagRole, &iam.TagRoleInput{RoleName: worker, Tags: tagged("one=more")})
	if page := must(t, c.ListRoleTags, &iam.ListRoleTagsInput{RoleName: worker, MaxItems: aws.Int32(20)}); len(page.Tags) != 20 || page.Marker == nil {
		t.Errorf("a page of %d tags", len(page.Tags))
	}
}

// trusting is a trust policy for an AWS principal.
func trusting(principal string) string {
	return strings.Replace(ec2Trust, `"Service":"ec2.amazonaws.com"`, `"AWS":"`+principal+`"`, 1)
}

func TestPrincipalsOfTrustPolicyMustExist(t *testing.T) {
	c := writtest.New(t).IAM()
	must(t, c.CreateUser, &iam.CreateUserInput{UserName: aws.String("alice")})
	must(t, c.CreateRole, newRole("worker"))
	for principal, good := range map[string]bool{
		"*":                     true,
		writtest.Account:        true,
		ownARN("root"):          true,
		ownARN("user/alice"):    true,
		ownARN("role/worker"):   true,
		ownARN("user/Alice"):    false, // another case
		ownARN("user/x/alice"):  false, // another path
		ownARN("user/bob"):      false,
		ownARN("role/none"):     false,
		ownARN("group/staff"):   false,
		"alice":                 false,
		"ec2.amazonaws.com":     false,
		"AIDAAAAAAAAAAAAAAAAAA": false,
		"999999999999":          true, // not on this server: nobody can tell

		"arn:aws:iam::999999999999:user/somebody":                           true,
		"arn:aws:sts::" + writtest.Account + ":assumed-role/worker/session": true,
		ownARN("oidc-provider/accounts.example.com"):                        false,
	} {
		in := newRole("probe")
		in.AssumeRolePolicyDocument = aws.String(trusting(principal))
		if !good {
			fails(t, "MalformedPolicyDocument", `Invalid principal in policy: "AWS":"`+principal+`"`, c.CreateRole, in)
			continue
		}
		must(t, c.CreateRole, in)
		must(t, c.DeleteRole, &iam.DeleteRoleInput{RoleName: in.RoleName})
	}
}

func TestNamesakeIsNotTrusted(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	assume := func(key *types.AccessKey) string {
		_, err := sts.NewFromConfig(s.Config(*key.AccessKeyId, *key.SecretAccessKey, "")).AssumeRole(t.Context(),
			&sts.AssumeRoleInput{RoleArn: aws.String(ownARN("role/worker")), RoleSessionName: aws.String("session")})
		return code(err)
	}
	key := keyOf(t, c, "alice")
	alice := must(t, c.GetUser, &iam.GetUserInput{UserName: aws.String("alice")}).User
	in := newRole("worker")
	in.AssumeRolePolicyDocument = aws.String(trusting(*alice.Arn))
	must(t, c.CreateRole, in)
	check := func(when, principal, want string) {
		t.Helper()
		role := must(t, c.GetRole, &iam.GetRoleInput{RoleName: in.RoleName}).Role
		if got := decoded(t, role.AssumeRolePolicyDocument); got != trusting(principal) {
			t.Errorf("%s: trusts %s, want %s", when, got, principal)
		}
		if got := assume(key); got != want {
			t.Errorf("%s: AssumeRole answers %q, want %q", when, got, want)
		}
	}
	check("at first", *alice.Arn, "")
	must(t, c.UpdateUser, &iam.UpdateUserInput{UserName: aws.String("alice"), NewUserName: aws.String("alicia")})
	check("by another name", ownARN("user/alicia"), "")

	must(t, c.DeleteAccessKey, &iam.DeleteAccessKeyInput{UserName: aws.String("alicia"), AccessKeyId: key.AccessKeyId})
	must(t, c.DeleteUser, &iam.DeleteUserInput{UserName: aws.String("alicia")})
	for _, name := range []string{"alice", "alicia"} {
		key = keyOf(t, c, name)
		check("a namesake", *alice.UserId, "AccessDenied")
	}
}
