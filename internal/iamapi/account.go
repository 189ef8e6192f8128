package iamapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

var accounts = []op.Operation{
	op.New("UpdateAccountPasswordPolicy", op.Everything[api.UpdateAccountPasswordPolicyInput],
		updateAccountPasswordPolicy),
	op.New("GetAccountPasswordPolicy", func(c *op.Call, _ *api.GetAccountPasswordPolicyInput) (op.Target, error) {
		return allowUsers(c, op.Target{Resource: "*", Account: c.Account()})
	}, getAccountPasswordPolicy),
	op.New("DeleteAccountPasswordPolicy", op.Everything[api.DeleteAccountPasswordPolicyInput],
		deleteAccountPasswordPolicy),
	op.New("CreateAccountAlias", op.Everything[api.CreateAccountAliasInput], createAccountAlias),
	op.New("ListAccountAliases", op.Everything[api.ListAccountAliasesInput], listAccountAliases),
	op.New("DeleteAccountAlias", op.Everything[api.DeleteAccountAliasInput], deleteAccountAlias),
	op.New("GetAccountSummary", op.Everything[api.GetAccountSummaryInput], getAccountSummary),
	op.New("SetSecurityTokenServicePreferences", op.Everything[api.SetSecurityTokenServicePreferencesInput],
		setTokenPreferences),
}

// minimumPassword is the length that a password policy asks for if it does not say.
const minimumPassword = 6

func updateAccountPasswordPolicy(
	ctx context.Context, c *op.Call, in *api.UpdateAccountPasswordPolicyInput,
) (*api.UpdateAccountPasswordPolicyOutput, error) {
	p := &iam.PasswordPolicy{
		MinimumLength: minimumPassword, Symbols: in.RequireSymbols, Numbers: in.RequireNumbers,
		Upper: in.RequireUppercaseCharacters, Lower: in.RequireLowercaseCharacters,
		AllowChange: in.AllowUsersToChangePassword,
		MaxAge:      aws.ToInt32(in.MaxPasswordAge), ReusePrevention: aws.ToInt32(in.PasswordReusePrevention),
		HardExpiry: aws.ToBool(in.HardExpiry),
	}
	if in.MinimumPasswordLength != nil {
		p.MinimumLength = *in.MinimumPasswordLength
	}
	return &api.UpdateAccountPasswordPolicyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetPasswordPolicy(tx, c.Account(), p)
	})
}

func getAccountPasswordPolicy(
	_ context.Context, c *op.Call, _ *api.GetAccountPasswordPolicyInput,
) (*api.GetAccountPasswordPolicyOutput, error) {
	p := account(c).PasswordPolicy
	if p == nil {
		return nil, iam.Errorf(iam.NoSuchEntity, "The Password Policy with domain name %s cannot be found.", c.Account())
	}
	out := &types.PasswordPolicy{
		MinimumPasswordLength: aws.Int32(p.MinimumLength), RequireSymbols: p.Symbols, RequireNumbers: p.Numbers,
		RequireUppercaseCharacters: p.Upper, RequireLowercaseCharacters: p.Lower, AllowUsersToChangePassword: p.AllowChange,
		ExpirePasswords: p.MaxAge > 0, HardExpiry: aws.Bool(p.HardExpiry),
	}
	if p.MaxAge > 0 {
		out.MaxPasswordAge = aws.Int32(p.MaxAge)
	}
	if p.ReusePrevention > 0 {
		out.PasswordReusePrevention = aws.Int32(p.ReusePrevention)
	}
	return &api.GetAccountPasswordPolicyOutput{PasswordPolicy: out}, nil
}

func deleteAccountPasswordPolicy(
	ctx context.Context, c *op.Call, _ *api.DeleteAccountPasswordPolicyInput,
) (*api.DeleteAccountPasswordPolicyOutput, error) {
	return &api.DeleteAccountPasswordPolicyOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeletePasswordPolicy(tx, c.Account())
	})
}

func createAccountAlias(
	ctx context.Context, c *op.Call, in *api.CreateAccountAliasInput,
) (*api.CreateAccountAliasOutput, error) {
	return &api.CreateAccountAliasOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetAlias(tx, c.Account(), *in.AccountAlias)
	})
}

func listAccountAliases(
	_ context.Context, c *op.Call, in *api.ListAccountAliasesInput,
) (*api.ListAccountAliasesOutput, error) {
	out := &api.ListAccountAliasesOutput{AccountAliases: []string{}}
	var have []string
	if alias := account(c).Alias; alias != "" {
		have = append(have, alias)
	}
	p, err := slice(have, func(alias string) string { return alias }, in.Marker, in.MaxItems,
		func(alias string) { out.AccountAliases = append(out.AccountAliases, alias) })
	if err != nil {
		return nil, err
	}
	out.IsTruncated, out.Marker = p.more, p.marker()
	return out, nil
}

func deleteAccountAlias(
	ctx context.Context, c *op.Call, in *api.DeleteAccountAliasInput,
) (*api.DeleteAccountAliasOutput, error) {
	return &api.DeleteAccountAliasOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.DeleteAlias(tx, c.Account(), *in.AccountAlias)
	})
}

func setTokenPreferences(
	ctx context.Context, c *op.Call, in *api.SetSecurityTokenServicePreferencesInput,
) (*api.SetSecurityTokenServicePreferencesOutput, error) {
	return &api.SetSecurityTokenServicePreferencesOutput{}, c.Update(ctx, func(tx iam.Txn) error {
		return iam.SetTokenVersion(tx, c.Account(), string(in.GlobalEndpointTokenVersion))
	})
}

// versionsInUseQuota is AWS's quota on all versions of all policies of an account.
const versionsInUseQuota = 10000

func getAccountSummary(
	_ context.Context, c *op.Call, _ *api.GetAccountSummaryInput,
) (*api.GetAccountSummaryOutput, error) {
	a := account(c)
	count := func(kind string) int32 { return int32(c.State.Count(kind + "/" + a.ID + "/")) }
	present := func(yes bool) int32 {
		if yes {
			return 1
		}
		return 0
	}
	var versions, assigned int32
	for _, r := range c.State.List(iam.PolicyKey(a.ID, ""), "") {
		versions += int32(len(r.(*iam.Policy).Versions))
	}
	for _, r := range c.State.List(iam.MFADeviceKey(a.ID, ""), "") {
		assigned += present(r.(*iam.MFADevice).Owner != "")
	}
	return &api.GetAccountSummaryOutput{SummaryMap: map[string]int32{
		"Users":                             count("user"),
		"UsersQuota":                        iam.MaxUsers,
		"Groups":                            count("group"),
		"GroupsQuota":                       iam.MaxGroupsInAccount,
		"Roles":                             count("role"),
		"RolesQuota":                        iam.MaxRoles,
		"Policies":                          count("policy"),
		"PoliciesQuota":                     iam.MaxPolicies,
		"InstanceProfiles":                  count("profile"),
		"InstanceProfilesQuota":             iam.MaxProfiles,
		"ServerCertificates":                count("certificate"),
		"ServerCertificatesQuota":           iam.MaxServerCertificates,
		"Providers":                         count("oidc") + count("saml"),
		"PolicyVersionsInUse":               versions,
		"PolicyVersionsInUseQuota":          versionsInUseQuota,
		"VersionsPerPolicyQuota":            iam.MaxVersions,
		"PolicySizeQuota":                   iam.MaxPolicySize,
		"AssumeRolePolicySizeQuota":         iam.MaxTrustSize,
		"UserPolicySizeQuota":               iam.MaxUserInline,
		"GroupPolicySizeQuota":              iam.MaxGroupInline,
		"RolePolicySizeQuota":               iam.MaxRoleInline,
		"AttachedPoliciesPerUserQuota":      iam.MaxAttached,
		"AttachedPoliciesPerGroupQuota":     iam.MaxAttached,
		"AttachedPoliciesPerRoleQuota":      iam.MaxAttached,
		"GroupsPerUserQuota":                iam.MaxGroups,
		"AccessKeysPerUserQuota":            iam.MaxAccessKeys,
		"SigningCertificatesPerUserQuota":   iam.MaxSigningCertificates,
		"MFADevices":                        count("mfa"),
		"MFADevicesInUse":                   assigned,
		"AccountMFAEnabled":                 present(len(a.MFA) > 0),
		"AccountAccessKeysPresent":          present(len(a.Keys) > 0),
		"AccountPasswordPresent":            present(a.Login != nil),
		"AccountSigningCertificatesPresent": 0, // the root user cannot have any
		"GlobalEndpointTokenVersion":        1 + present(a.TokenVersion == string(types.GlobalEndpointTokenVersionV2Token)),
	}}, nil
}
