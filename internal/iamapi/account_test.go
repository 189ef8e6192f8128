package iamapi_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/writtest"
)

func TestPasswordPolicyOfAnAccount(t *testing.T) {
	c := writtest.New(t).IAM()
	fails(t, "NoSuchEntity", "The Password Policy with domain name "+writtest.Account+" cannot be found.",
		c.GetAccountPasswordPolicy, &iam.GetAccountPasswordPolicyInput{})
	fails(t, "NoSuchEntity", "The account policy with name PasswordPolicy cannot be found.",
		c.DeleteAccountPasswordPolicy, &iam.DeleteAccountPasswordPolicyInput{})

	must(t, c.UpdateAccountPasswordPolicy, &iam.UpdateAccountPasswordPolicyInput{RequireNumbers: true})
	p := must(t, c.GetAccountPasswordPolicy, &iam.GetAccountPasswordPolicyInput{}).PasswordPolicy
	if *p.MinimumPasswordLength != 6 || !p.RequireNumbers || p.RequireSymbols || p.ExpirePasswords ||
		p.MaxPasswordAge != nil || p.PasswordReusePrevention != nil {
		t.Errorf("with defaults it is %+v", p)
	}
	must(t, c.UpdateAccountPasswordPolicy, &iam.UpdateAccountPasswordPolicyInput{
		MinimumPasswordLength: aws.Int32(14), MaxPasswordAge: aws.Int32(90), PasswordReusePrevention: aws.Int32(24),
		HardExpiry:     aws.Bool(true),
		RequireSymbols: true, RequireUppercaseCharacters: true, RequireLowercaseCharacters: true,
		AllowUsersToChangePassword: true,
	})
	p = must(t, c.GetAccountPasswordPolicy, &iam.GetAccountPasswordPolicyInput{}).PasswordPolicy
	if *p.MinimumPasswordLength != 14 || *p.MaxPasswordAge != 90 || !p.ExpirePasswords ||
		*p.PasswordReusePrevention != 24 || !*p.HardExpiry || !p.RequireSymbols || p.RequireNumbers ||
		!p.RequireUppercaseCharacters || !p.RequireLowercaseCharacters || !p.AllowUsersToChangePassword {
		t.Errorf("with all it is %+v", p)
	}
	must(t, c.DeleteAccountPasswordPolicy, &iam.DeleteAccountPasswordPolicyInput{})
}

func TestNewAliasTakesThePlaceOfTheOld(t *testing.T) {
	c := writtest.New(t).IAM()
	for _, alias := range []string{"acme", "acme-corp"} {
		must(t, c.CreateAccountAlias, &iam.CreateAccountAliasInput{AccountAlias: &alias})
		if got := must(t, c.ListAccountAliases, &iam.ListAccountAliasesInput{}).AccountAliases; len(got) != 1 ||
			got[0] != alias {
			t.Errorf("aliases are %q, want %q", got, alias)
		}
	}
	fails(t, "EntityAlreadyExists", "acme-corp already exists", c.CreateAccountAlias, &iam.CreateAccountAliasInput{
		AccountAlias: aws.String("acme-corp"),
	})
	fails(t, "NoSuchEntity", "acme", c.DeleteAccountAlias, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("acme")})
	must(t, c.DeleteAccountAlias, &iam.DeleteAccountAliasInput{AccountAlias: aws.String("acme-corp")})
	if got := must(t, c.ListAccountAliases, &iam.ListAccountAliasesInput{}).AccountAliases; len(got) != 0 {
		t.Errorf("aliases are %q", got)
	}
}

func TestAccountSummaryHasAllOfAWSsKeys(t *testing.T) {
	s := writtest.New(t)
	c := s.IAM()
	newUser(t, s, "alice", "")
	must(t, c.CreateGroup, &iam.CreateGroupInput{GroupName: aws.String("devs")})
	must(t, c.CreateVirtualMFADevice, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: aws.String("phone")})
	must(t, c.CreatePolicy, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(allOfIAM)})
	must(t, c.SetSecurityTokenServicePreferences, &iam.SetSecurityTokenServicePreferencesInput{
		GlobalEndpointTokenVersion: types.GlobalEndpointTokenVersionV2Token,
	})
	got := must(t, c.GetAccountSummary, &iam.GetAccountSummaryInput{}).SummaryMap
	keys := types.SummaryKeyType("").Values()
	for _, key := range keys {
		if _, ok := got[string(key)]; !ok {
			t.Errorf("%s is missing", key)
		}
	}
	if len(got) != len(keys) {
		t.Errorf("%d keys, want %d", len(got), len(keys))
	}
	for key, want := range map[string]int32{
		"Users": 1, "Groups": 1, "Policies": 1, "PolicyVersionsInUse": 1, "MFADevices": 1, "MFADevicesInUse": 0, "Roles": 0,
		"AccountAccessKeysPresent": 1, "AccountMFAEnabled": 0, "GlobalEndpointTokenVersion": 2, "UsersQuota": 5000,
	} {
		if got[key] != want {
			t.Errorf("%s is %d, want %d", key, got[key], want)
		}
	}
}
