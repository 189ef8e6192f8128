package authdetails_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/authdetails"
)

// organization is what writ org details prints, in two parts, as pages are: the second has more of an account that the first has.
var organization = [2]string{`{
"Accounts": [
  {"Id": "111122223333", "OrganizationId": "o-a", "ServiceControlPolicies": null, "UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/root"}]},
  {"Id": "444455556666", "Name": "dev", "OrganizationId": "o-a",
   "ServiceControlPolicies": [
     {"Id": "r-1", "Name": "Root", "Policies": ["arn:full"]},
     {"Id": "ou-1", "Name": "Sandbox", "Policies": ["arn:full", "arn:deny"]},
     {"Id": "444455556666", "Name": "dev", "Policies": []}],
   "UserDetailList": [{"Arn": "arn:aws:iam::444455556666:user/a", "GroupList": ["Devs"]}]}],
"OrganizationPolicies": [
  {"Arn": "arn:full", "Name": "FullAWSAccess", "Document": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
  {"Arn": "arn:deny", "Name": "Deny", "Document": "{\"Statement\": {\"Effect\": \"Deny\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}"}]}`,
	`{"Accounts": [
  {"Id": "444455556666", "Name": "dev", "OrganizationId": "o-a", "ServiceControlPolicies": null,
   "GroupDetailList": [{"Arn": "arn:aws:iam::444455556666:group/Devs"}],
   "Policies": [{"Arn": "arn:aws:iam::444455556666:policy/p", "PolicyName": "p", "PolicyVersionList": [
     {"VersionId": "v1", "IsDefaultVersion": true, "Document": "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22%2A%22%2C%22Resource%22%3A%22%2A%22%7D%7D"}]}]}]}`}

func levels(list []authdetails.Level) (text string) {
	for _, l := range list {
		text += l.Name + "("
		for _, c := range l.Policies {
			text += " " + c.Name
		}
		text += " )"
	}
	return text
}

func TestAnOrganizationIsReadByItsParts(t *testing.T) {
	var d authdetails.Details
	for _, part := range organization {
		if err := d.Read(strings.NewReader(part)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Read(strings.NewReader(`{"UserDetailList": [{"Arn": "arn:aws:iam::000011112222:user/alone"}]}`)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range d.Accounts {
		got = append(got, fmt.Sprint(a.ID, " ", a.Name, " ", a.Organization, " ", a.Placed, " ", levels(a.SCPs), a.SCPs == nil, a.RCPs == nil))
	}
	want := []string{
		"000011112222   false true true",
		"111122223333  o-a true true true",
		"444455556666 dev o-a true Root( FullAWSAccess )Sandbox( FullAWSAccess Deny )dev( )false true",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	dev := d.Account("444455556666")
	if a, b := dev.SCPs[0].Policies[0], dev.SCPs[1].Policies[0]; a != b {
		t.Error("a policy that is attached twice is two")
	}
	if docs := authdetails.Documents(dev.SCPs); len(docs) != 3 || len(docs[1]) != 2 || docs[2] == nil || len(docs[2]) != 0 {
		t.Errorf("%v", docs)
	}
	if authdetails.Documents(nil) != nil || d.Account("999999999999") != nil {
		t.Error("there is something of nothing")
	}
	if len(d.Users) != 3 || len(d.Groups) != 1 || len(d.Policies) != 1 {
		t.Errorf("%d users, %d groups, %d policies", len(d.Users), len(d.Groups), len(d.Policies))
	}
	if g := d.GroupsOf(d.Users[1]); len(g) != 1 || g[0].Name != "Devs" {
		t.Errorf("the group that another part has: %v", g)
	}
}

func TestOrganizationsThatAreNone(t *testing.T) {
	for src, want := range map[string]string{
		`{"Accounts": [], "UserDetailList": []}`:                                                                  "it has both Accounts and the lists of one account",
		`{"Accounts": [{"Id": "1"}]}`:                                                                             `Accounts[0].Id: "1" is no id of an account`,
		`{"Accounts": [], "OrganizationPolicies": [{"Name": "x"}]}`:                                               "OrganizationPolicies[0]: it has no Arn",
		`{"Accounts": [], "OrganizationPolicies": [{"Arn": "x"}]}`:                                                "OrganizationPolicies[0].Document: there is no document",
		`{"Accounts": [{"Id": "111122223333", "UserDetailList": [{"Arn": "arn:aws:iam::444455556666:user/a"}]}]}`: "Accounts[0].UserDetailList[0].Arn: arn:aws:iam::444455556666:user/a is not in account 111122223333",
		`{"Accounts": [{"Id": "111122223333", "ServiceControlPolicies": [{"Id": "r-1", "Policies": ["x"]}]}]}`:    `Accounts[0].ServiceControlPolicies[0].Policies[0]: "x" is not among the OrganizationPolicies`,
		`{"Accounts": [{"Id": "111122223333", "ResourceControlPolicies": [{"Id": "r-1", "Policies": ["y"]}]}]}`:   `Accounts[0].ResourceControlPolicies[0].Policies[0]: "y" is not among`,
		`{"Accounts": [{"Id": "111122223333", "UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/a"}]}, {"Id": "111122223333", "UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/a"}]}]}`: "Accounts[1].UserDetailList[0]: arn:aws:iam::111122223333:user/a is there twice",
	} {
		var d authdetails.Details
		if err := d.Read(strings.NewReader(src)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, not %s", src, err, want)
		}
	}
}

// TestDocumentsInAllTheirForms: as an object, as its text, and URL-encoded, with white space around it or without.
func TestDocumentsInAllTheirForms(t *testing.T) {
	const user = `{"UserDetailList": [{"Arn": "arn:aws:iam::111122223333:user/u", "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": %s}]}]}`
	const object = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}`
	quoted := func(text string) string { return strconv.Quote(text) }
	for _, form := range []string{
		object, quoted(object), quoted("\n " + object), quoted(url.QueryEscape(object)), quoted(url.PathEscape(object)), quoted(url.QueryEscape(" \n" + object)),
	} {
		var d authdetails.Details
		if err := d.Read(strings.NewReader(fmt.Sprintf(user, form))); err != nil || len(d.Users[0].Inline[0].Document.Statements) != 1 {
			t.Errorf("%s: %v", form, err)
		}
	}
	for form, want := range map[string]string{`"%7"`: "the text is not URL-encoded", `"x"`: "line 1", `""`: "there is no document", `7`: "line 1"} {
		var d authdetails.Details
		if err := d.Read(strings.NewReader(fmt.Sprintf(user, form))); err == nil || !strings.Contains(err.Error(), "UserDetailList[0].UserPolicyList[0].PolicyDocument: "+want) {
			t.Errorf("%s: %v", form, err)
		}
	}
}

// FuzzRead looks for what panics, or is read into what its own account does not know.
func FuzzRead(f *testing.F) {
	for _, part := range organization {
		f.Add(part)
	}
	f.Fuzz(func(t *testing.T, src string) {
		var d authdetails.Details
		if d.Read(strings.NewReader(src)) != nil {
			return
		}
		for _, e := range d.Principals() {
			if d.Account(e.Account) == nil {
				t.Errorf("account %s of %s is not known", e.Account, e.ARN)
			}
			d.GroupsOf(e)
		}
	})
}
