package affected_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/affected"
	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

const amplify = "arn:aws:iam::aws:policy/AdministratorAccess-Amplify"

// export is an account as the AWS CLI prints it: who has the policy directly, by a group, twice, as a boundary, beside a policy that
// allows all, within a boundary that lets nothing of it through, and not at all. One document is URL-encoded, as the API has them.
const export = `{
"UserDetailList": [
  {"UserName": "direct", "Arn": "arn:aws:iam::111122223333:user/direct", "GroupList": [], "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}]},
  {"UserName": "member", "Arn": "arn:aws:iam::111122223333:user/member", "GroupList": ["Devs"], "AttachedManagedPolicies": []},
  {"UserName": "admin", "Arn": "arn:aws:iam::111122223333:user/admin", "GroupList": ["Devs"], "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}, {"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}]},
  {"UserName": "nobody", "Arn": "arn:aws:iam::111122223333:user/nobody", "GroupList": ["Others"]}],
"GroupDetailList": [
  {"GroupName": "Devs", "Arn": "arn:aws:iam::111122223333:group/Devs", "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}], "GroupPolicyList": []}],
"RoleDetailList": [
  {"RoleName": "bound", "Arn": "arn:aws:iam::111122223333:role/bound", "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}],
   "PermissionsBoundary": {"PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/OnlyS3"},
   "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "amplify.amazonaws.com"}, "Action": "sts:AssumeRole"}}},
  {"RoleName": "within", "Arn": "arn:aws:iam::111122223333:role/within", "AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
   "PermissionsBoundary": {"PermissionsBoundaryArn": "` + amplify + `"}},
  {"RoleName": "inline", "Arn": "arn:aws:iam::111122223333:role/inline", "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}],
   "RolePolicyList": [{"PolicyName": "ecr", "PolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22ecr%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D"}]}],
"Policies": [
  {"PolicyName": "OnlyS3", "Arn": "arn:aws:iam::111122223333:policy/OnlyS3", "DefaultVersionId": "v2", "PolicyVersionList": [
    {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}}]}]}`

func document(t *testing.T, d *authdetails.Details) func(string) *policy.Document {
	return func(arn string) *policy.Document {
		if p := d.Policies[arn]; p != nil {
			return p.Versions[p.Default]
		}
		v, err := managed.Find(arn)
		if err != nil {
			return nil
		}
		doc, err := policy.Parse(v.Document())
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
}

// TestWhoIsAffectedByAnUpdate: v10 to v11 of AdministratorAccess-Amplify adds ecr:DescribeRepositories, which not all who have the policy gain.
func TestWhoIsAffectedByAnUpdate(t *testing.T) {
	var d authdetails.Details
	if err := d.Read(strings.NewReader(export)); err != nil {
		t.Fatal(err)
	}
	find := document(t, &d)
	u := affected.Update{ARN: amplify, Before: find(amplify + "@v10"), After: find(amplify + "@v11")}
	list, err := affected.By(context.Background(), &d, u, affected.Others{Document: find}, prove.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range list {
		gains := []string{}
		for _, g := range r.Change.Adds.Differences {
			gains = append(gains, g.Actions...)
		}
		got = append(got, fmt.Sprint(r.Entity.Name, " ", r.Via, " ", r.Change.Verdict, " ", gains))
	}
	want := []string{
		"bound [attached] equivalent []",
		"inline [attached] equivalent []",
		"within [boundary] broader [ecr:DescribeRepositories]",
		"admin [attached group Devs] equivalent []",
		"direct [attached] broader [ecr:DescribeRepositories]",
		"member [group Devs] broader [ecr:DescribeRepositories]",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestServiceControlPoliciesBound: what an organization forbids, an update does not give, but to service-linked roles.
func TestServiceControlPoliciesBound(t *testing.T) {
	const account = `{"RoleDetailList": [
  {"RoleName": "r", "Arn": "arn:aws:iam::111122223333:role/r", "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}]},
  {"RoleName": "s", "Arn": "arn:aws:iam::111122223333:role/aws-service-role/amplify.amazonaws.com/s", "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}]}]}`
	var d authdetails.Details
	if err := d.Read(strings.NewReader(account)); err != nil {
		t.Fatal(err)
	}
	find := document(t, &d)
	u := affected.Update{ARN: amplify, Before: find(amplify + "@v10"), After: find(amplify + "@v11")}
	full, noECR := `{"Effect": "Allow", "Action": "*", "Resource": "*"}`, `{"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}`
	for scp, want := range map[string]string{
		full:                "r broader, s broader",
		full + ", " + noECR: "r equivalent, s broader",
		noECR:               "r equivalent, s broader",
		`{"Effect": "Allow", "Action": "ecr:DescribeRepositories", "Resource": "*"}`: "r broader, s broader",
	} {
		doc, err := policy.Parse([]byte(`{"Version": "2012-10-17", "Statement": [` + scp + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		list, err := affected.By(context.Background(), &d, u, affected.Others{Document: find, SCPs: [][]*policy.Document{{doc}}}, prove.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range list {
			got = append(got, r.Entity.Name+" "+r.Change.Verdict.String())
		}
		if slices.Sort(got); strings.Join(got, ", ") != want {
			t.Errorf("%s: %v, not %s", scp, got, want)
		}
	}
}

// TestEachAccountHasItsOwnServiceControlPolicies: two accounts with the same users, of which one is below an SCP, and a third of which
// no SCPs are known. SCPs that are named take the place of all.
func TestEachAccountHasItsOwnServiceControlPolicies(t *testing.T) {
	users := func(account string) string {
		user := `{"Arn": "arn:aws:iam::` + account + `:NAME", "AttachedManagedPolicies": [{"PolicyArn": "` + amplify + `"}]}`
		return `"UserDetailList": [` + strings.Replace(user, "NAME", "user/u", 1) + `], "RoleDetailList": [` +
			strings.Replace(user, "NAME", "role/aws-service-role/amplify.amazonaws.com/s", 1) + `]`
	}
	organization := `{"Accounts": [
  {"Id": "111111111111", "ServiceControlPolicies": [{"Id": "r-1", "Policies": ["full"]}, {"Id": "ou-1", "Policies": ["full", "deny"]}], ` + users("111111111111") + `},
  {"Id": "222222222222", "ServiceControlPolicies": [{"Id": "r-1", "Policies": ["full"]}], ` + users("222222222222") + `},
  {"Id": "333333333333", "ServiceControlPolicies": [{"Id": "r-1", "Policies": ["full"]}, {"Id": "333333333333", "Policies": []}], ` + users("333333333333") + `}],
 "OrganizationPolicies": [
  {"Arn": "full", "Document": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
  {"Arn": "deny", "Document": {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}}}]}`
	var d authdetails.Details
	for _, src := range []string{organization, `{` + users("444444444444") + `}`} {
		if err := d.Read(strings.NewReader(src)); err != nil {
			t.Fatal(err)
		}
	}
	find := document(t, &d)
	u := affected.Update{ARN: amplify, Before: find(amplify + "@v10"), After: find(amplify + "@v11")}
	verdicts := func(others affected.Others) (text string) {
		list, err := affected.By(context.Background(), &d, u, others, prove.Options{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			text += r.Entity.Account[:1] + r.Entity.Name + " " + r.Change.Verdict.String() + "\n"
		}
		return text
	}
	const linked = "1s broader\n%s2s broader\n%s3s broader\n%s4s broader\n%s"
	if got, want := verdicts(affected.Others{Document: find}), fmt.Sprintf(linked, "1u equivalent\n", "2u broader\n", "3u equivalent\n", "4u broader\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	full := [][]*policy.Document{{d.Account("222222222222").SCPs[0].Policies[0].Document}}
	if got, want := verdicts(affected.Others{Document: find, SCPs: full}), fmt.Sprintf(linked, "1u broader\n", "2u broader\n", "3u broader\n", "4u broader\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOutputsThatAreNone(t *testing.T) {
	for src, want := range map[string]string{
		"":                                 "not the output of aws iam get-account-authorization-details: EOF",
		"[]":                               "not the output of aws iam get-account-authorization-details: json: cannot unmarshal array",
		"{}":                               "not the output of aws iam get-account-authorization-details: it has neither",
		`{"UserDetailList":[]} {}`:         "there is something behind the output",
		`{"UserDetailList":[{"Arn":"x"}]}`: `UserDetailList[0].Arn: "x" is no ARN of a user`,
		`{"RoleDetailList":[{"Arn":"arn:aws:iam::111122223333:role/r","RolePolicyList":[{"PolicyDocument":{"Version":"x"}}]}]}`: "RoleDetailList[0].RolePolicyList[0].PolicyDocument: line 1",
		`{"UserDetailList":[{"Arn":"arn:aws:iam::111122223333:user/u"},{"Arn":"arn:aws:iam::111122223333:user/u"}]}`:            "UserDetailList[1]: arn:aws:iam::111122223333:user/u is there twice",
		`{"Policies":[{"Arn":"arn:aws:iam::111122223333:policy/p","DefaultVersionId":"v1"}]}`:                                   "Policies[0]: of its default version, \"v1\", there is no document",
	} {
		var d authdetails.Details
		if err := d.Read(strings.NewReader(src)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, not %s", src, err, want)
		}
	}
}
