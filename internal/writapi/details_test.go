package writapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/writtest"
)

// An estate is a server with an organization: its management account, and member accounts.
type estate struct {
	*world
	org  *organizations.Client
	root string
	dev  aws.Config // of the first account, who may do everything
}

func newEstate(t *testing.T) *estate {
	t.Parallel()
	w := &world{t: t, Server: writtest.New(t)}
	e := &estate{world: w, org: w.Organizations(), dev: w.user("operator", administrator)}
	e.found(e.org)
	return e
}

// found makes an organization with SCPs and RCPs.
func (e *estate) found(client *organizations.Client) {
	e.t.Helper()
	_, err := client.CreateOrganization(ctx, &organizations.CreateOrganizationInput{})
	e.must(err)
	roots, err := client.ListRoots(ctx, &organizations.ListRootsInput{})
	e.must(err)
	e.root = *roots.Roots[0].Id
	for _, t := range []types.PolicyType{types.PolicyTypeServiceControlPolicy, types.PolicyTypeResourceControlPolicy} {
		_, err = client.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: &e.root, PolicyType: t})
		e.must(err)
	}
}

// member makes a member account; as is a session of its administrator.
func (e *estate) member(name string) (id string, as aws.Config) {
	e.t.Helper()
	out, err := e.org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: &name, Email: aws.String(name + "@example.com")})
	e.must(err)
	id = *out.CreateAccountStatus.AccountId
	s, err := sts.NewFromConfig(e.dev).AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + id + ":role/OrganizationAccountAccessRole"), RoleSessionName: aws.String("test"),
	})
	e.must(err)
	return id, e.Config(*s.Credentials.AccessKeyId, *s.Credentials.SecretAccessKey, *s.Credentials.SessionToken)
}

// forbid attaches a new SCP to a target.
func (e *estate) forbid(target, action string) {
	e.t.Helper()
	document := `{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "` + action + `", "Resource": "*"}}`
	p, err := e.org.CreatePolicy(ctx, &organizations.CreatePolicyInput{
		Name: aws.String("No " + action), Type: types.PolicyTypeServiceControlPolicy, Content: &document, Description: aws.String(""),
	})
	e.must(err)
	_, err = e.org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: p.Policy.PolicySummary.Id, TargetId: &target})
	e.must(err)
}

// details reads all pages of n items, and what is in them.
func (e *estate) details(as aws.Config, n int) (d authdetails.Details, pages int, err error) {
	e.t.Helper()
	for in := (writapi.GetOrganizationAuthorizationDetailsInput{MaxItems: n}); ; pages++ {
		out, err := call[writapi.GetOrganizationAuthorizationDetailsOutput](e.world, as, "GetOrganizationAuthorizationDetails", in)
		if err != nil {
			return d, pages, err
		}
		text, err := json.Marshal(out)
		e.must(err)
		e.must(d.Read(bytes.NewReader(text)))
		if in.Marker = out.Marker; out.IsTruncated != (out.Marker != "") {
			e.t.Errorf("IsTruncated is %v, the marker %q", out.IsTruncated, out.Marker)
		}
		if !out.IsTruncated {
			return d, pages + 1, nil
		}
	}
}

// told puts details into words.
func told(d *authdetails.Details) string {
	var lines []string
	for _, a := range d.Accounts {
		line := fmt.Sprint(a.ID, " ", a.Name, " placed ", a.Placed)
		for _, l := range slices.Concat(a.SCPs, a.RCPs) {
			line += " " + l.Name + ":"
			for _, p := range l.Policies {
				line += " " + p.Name
			}
		}
		lines = append(lines, line)
	}
	for _, e := range append(slices.Concat(d.Users, d.Groups, d.Roles), &authdetails.Entity{}) {
		if e.ARN != "" {
			lines = append(lines, fmt.Sprint(e.ARN, " ", e.Groups, " ", e.Attached, " ", len(e.Inline)))
		}
	}
	for name, p := range d.Policies {
		lines = append(lines, name+" "+p.Default)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestTheOperatorReadsAllAccounts(t *testing.T) {
	e := newEstate(t)
	unit, err := e.org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: aws.String("Sandbox"), ParentId: &e.root})
	e.must(err)
	sandbox := *unit.OrganizationalUnit.Id
	dev, asDev := e.member("dev")
	_, err = e.org.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &dev, SourceParentId: &e.root, DestinationParentId: &sandbox})
	e.must(err)
	e.forbid(sandbox, "ecr:*")
	e.forbid(dev, "s3:*")
	shop, _ := e.member("shop")
	gone, _ := e.member("gone")
	_, err = e.org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &gone})
	e.must(err)
	client := iam.NewFromConfig(asDev)
	_, err = client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("Own"), PolicyDocument: aws.String(allow("s3:*"))})
	e.must(err)
	_, err = client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("maria")})
	e.must(err)
	_, err = client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("Devs")})
	e.must(err)
	_, err = client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{UserName: aws.String("maria"), GroupName: aws.String("Devs")})
	e.must(err)
	_, err = client.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("Devs"), PolicyArn: aws.String(readOnly)})
	e.must(err)
	_, err = client.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("Devs"), PolicyName: aws.String("in"), PolicyDocument: aws.String(allow("ec2:*"))})
	e.must(err)

	all, _, err := e.details(e.dev, 0)
	e.must(err)
	accounts := []string{
		account + "  placed true",
		dev + " dev placed true Root: FullAWSAccess Sandbox: FullAWSAccess No ecr:* dev: FullAWSAccess No s3:*" +
			" Root: RCPFullAWSAccess Sandbox: RCPFullAWSAccess dev: RCPFullAWSAccess",
		shop + " shop placed true Root: FullAWSAccess shop: FullAWSAccess Root: RCPFullAWSAccess shop: RCPFullAWSAccess",
	}
	slices.Sort(accounts)
	want := strings.Join(accounts, "\n")
	for _, line := range []string{
		"arn:aws:iam::" + account + ":user/operator [] [" + administrator + "] 0",
		"arn:aws:iam::" + dev + ":group/Devs [] [" + readOnly + "] 1",
		"arn:aws:iam::" + dev + ":policy/Own v1",
		"arn:aws:iam::" + dev + ":role/OrganizationAccountAccessRole [] [" + administrator + "] 0",
		"arn:aws:iam::" + dev + ":user/maria [Devs] [] 0",
		"arn:aws:iam::" + shop + ":role/OrganizationAccountAccessRole [] [" + administrator + "] 0",
	} {
		if !strings.Contains("\n"+told(&all)+"\n", "\n"+line+"\n") {
			t.Errorf("there is no %s in\n%s", line, told(&all))
		}
	}
	if got := told(&all); !strings.HasPrefix(got, want+"\n") || strings.Contains(got, gone) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, n := range []int{1, 2, 3, 5, 1000} {
		d, pages, err := e.details(e.dev, n)
		if err != nil || told(&d) != told(&all) || n == 1 && pages < 10 || n == 1000 && pages != 1 {
			t.Errorf("pages of %d: %d of them, %v\n%s", n, pages, err, told(&d))
		}
	}
	for in, want := range map[writapi.GetOrganizationAuthorizationDetailsInput]string{
		{MaxItems: 1001}: "MaxItems must be from 1 to 1000.", {MaxItems: -1}: "MaxItems must be from 1 to 1000.", {Marker: "?"}: "Invalid Marker.",
	} {
		_, err := call[writapi.GetOrganizationAuthorizationDetailsOutput](e.world, e.dev, "GetOrganizationAuthorizationDetails", in)
		if apiErr, ok := errors.AsType[*apiError](err); !ok || apiErr.Message != want || apiErr.status != 400 {
			t.Errorf("%+v: %v", in, err)
		}
	}
}

// TestWhoMayReadAllAccounts: nobody without a policy, and no administrator of a member account. The management account of another
// organization reads that, and no more.
func TestWhoMayReadAllAccounts(t *testing.T) {
	e := newEstate(t)
	_, asMember := e.member("member")
	own, asOwn := e.member("own")
	_, err := e.org.RemoveAccountFromOrganization(ctx, &organizations.RemoveAccountFromOrganizationInput{AccountId: &own})
	e.must(err)
	inline := func(name, action, resource string) aws.Config {
		who := e.user(name, "")
		document := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "` + action + `", "Resource": "` + resource + `"}}`
		_, err := e.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("in"), PolicyDocument: &document})
		e.must(err)
		return who
	}
	const action = "writ:GetOrganizationAuthorizationDetails"
	denied := map[string]aws.Config{
		"nobody":                                  e.user("nobody", ""),
		"who may read one account":                e.user("reader", readOnly),
		"who may read something else":             inline("other", action, "arn:aws:writ::"+account+":service/*"),
		"a service":                               e.register("shop.example.com"),
		"the administrator of a member":           asMember,
		"the administrator of an account in none": asOwn,
	}
	for who, as := range denied {
		_, _, err := e.details(as, 0)
		if apiErr, ok := errors.AsType[*apiError](err); !ok || apiErr.Type != "AccessDenied" {
			t.Errorf("%s: %v", who, err)
		}
	}
	for who, as := range map[string]aws.Config{
		"root": e.world.root(), "who may": inline("may", action, "arn:aws:writ::"+account+":account/*"),
	} {
		if d, _, err := e.details(as, 0); err != nil || len(d.Accounts) != 3 {
			t.Errorf("%s: %d accounts, %v", who, len(d.Accounts), err)
		}
	}
	e.found(organizations.NewFromConfig(asOwn))
	if d, _, err := e.details(asOwn, 0); err != nil || len(d.Accounts) != 1 || d.Accounts[0].ID != own {
		t.Errorf("the management account of another organization: %d accounts, %v", len(d.Accounts), err)
	}
	if _, _, err := e.details(asMember, 0); err == nil {
		t.Error("a member reads after there is another organization")
	}
}
