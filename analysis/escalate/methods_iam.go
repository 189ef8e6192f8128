package escalate

// administrators are managed policies which, as a permissions boundary, bound nothing that matters here.
var administrators = powerful[:1]

// empowerRole returns the step of giving a role an administrator's permissions, whatever its boundary.
func empowerRole(name string) Step {
	return oneOf(do("iam:AttachRolePolicy", "role", name).with(policyARN, powerful...), do("iam:PutRolePolicy", "role", name))
}

// empowerUser returns that step for a user.
func empowerUser(name string) Step {
	return oneOf(do("iam:AttachUserPolicy", "user", name).with(policyARN, powerful...), do("iam:PutUserPolicy", "user", name))
}

// unbindRole returns the step of taking a role's permissions boundary away.
func unbindRole(name string) Step {
	return oneOf(
		do("iam:DeleteRolePermissionsBoundary", "role", name),
		do("iam:PutRolePermissionsBoundary", "role", name).with(boundaryKey, administrators...),
	)
}

// unbindUser returns that step for a user.
func unbindUser(name string) Step {
	return oneOf(
		do("iam:DeleteUserPermissionsBoundary", "user", name),
		do("iam:PutUserPermissionsBoundary", "user", name).with(boundaryKey, administrators...),
	)
}

// ofIAM are the methods that IAM and STS themselves offer.
var ofIAM = []Method{
	// The holder writes its own permissions.
	{
		ID: "pf-iam-007", Title: "writes an inline policy for itself, a user",
		Steps: []Step{do("iam:PutUserPolicy", "user", Self).without(boundaryKey)},
		Gains: Administration, Source: "pathfinding.cloud iam-007",
	},
	{
		ID: "pf-iam-005", Title: "writes an inline policy for itself, a role",
		Steps: []Step{do("iam:PutRolePolicy", "role", Self).without(boundaryKey)},
		Gains: Administration, Source: "pathfinding.cloud iam-005",
	},
	{
		ID: "pf-iam-011", Title: "writes an inline policy for a group of its own",
		Steps: []Step{do("iam:PutGroupPolicy", "group", Other)},
		Gains: Administration, Needs: []string{"a group that the holder is in"}, Source: "pathfinding.cloud iam-011",
	},
	{
		ID: "pf-iam-008", Title: "attaches an administrator's policy to itself, a user",
		Steps: []Step{do("iam:AttachUserPolicy", "user", Self).with(policyARN, powerful...).without(boundaryKey)},
		Gains: Administration, Source: "pathfinding.cloud iam-008",
	},
	{
		ID: "pf-iam-009", Title: "attaches an administrator's policy to itself, a role",
		Steps: []Step{do("iam:AttachRolePolicy", "role", Self).with(policyARN, powerful...).without(boundaryKey)},
		Gains: Administration, Source: "pathfinding.cloud iam-009",
	},
	{
		ID: "pf-iam-010", Title: "attaches an administrator's policy to a group of its own",
		Steps: []Step{do("iam:AttachGroupPolicy", "group", Other).with(policyARN, powerful...)},
		Gains: Administration, Needs: []string{"a group that the holder is in"}, Source: "pathfinding.cloud iam-010",
	},
	{
		ID: "pf-iam-001", Title: "makes a new default version of a policy that it has",
		Steps: []Step{do("iam:CreatePolicyVersion", "policy", Other)},
		Gains: Administration, Needs: []string{"a customer managed policy that the holder has"}, Source: "pathfinding.cloud iam-001",
	},
	{
		ID: "iam-setdefaultpolicyversion", Title: "goes back to an earlier version of a policy that it has",
		Steps: []Step{do("iam:SetDefaultPolicyVersion", "policy", Other)},
		Gains: Administration, Needs: []string{"a customer managed policy that the holder has, with a version that allows more"},
		Source: "Rhino Security Labs 2, cloudsplaining, prowler, pacu, iam-vulnerable",
	},
	{
		ID: "pf-iam-013", Title: "joins a group of administrators",
		Steps: []Step{do("iam:AddUserToGroup", "group", Other)},
		Gains: Administration, Needs: []string{"a group with an administrator's policy"}, Source: "pathfinding.cloud iam-013",
	},
	{
		ID: "iam-creategroup", Title: "makes a group of administrators, and joins it",
		Steps: []Step{
			do("iam:CreateGroup", "group", Own),
			oneOf(
				do("iam:AttachGroupPolicy", "group", Own).with(policyARN, powerful...),
				do("iam:PutGroupPolicy", "group", Own),
			),
			do("iam:AddUserToGroup", "group", Own),
		},
		Gains: Administration, Source: "awspx CreateGroup",
	},

	// The holder makes an administrator.
	{
		ID: "iam-createrole-attach", Title: "makes a role that trusts it, attaches an administrator's policy, and assumes it",
		Steps: []Step{
			do("iam:CreateRole", "role", Own).without(boundaryKey),
			do("iam:AttachRolePolicy", "role", Own).with(policyARN, powerful...).without(boundaryKey),
			do("sts:AssumeRole", "role", Own).trusted(),
		},
		Gains: Administration, Source: "awspx CreateRole",
	},
	{
		ID: "iam-createrole-put", Title: "makes a role that trusts it, writes an inline policy for it, and assumes it",
		Steps: []Step{
			do("iam:CreateRole", "role", Own).without(boundaryKey),
			do("iam:PutRolePolicy", "role", Own).without(boundaryKey),
			do("sts:AssumeRole", "role", Own).trusted(),
		},
		Gains: Administration, Source: "awspx CreateRole",
	},
	{
		ID: "iam-createuser-attach", Title: "makes a user, an administrator, with an access key or a password",
		Steps: []Step{
			do("iam:CreateUser", "user", Own).without(boundaryKey),
			oneOf(
				do("iam:AttachUserPolicy", "user", Own).with(policyARN, powerful...).without(boundaryKey),
				do("iam:PutUserPolicy", "user", Own).without(boundaryKey),
				do("iam:AddUserToGroup", "group", Other).needing("a group with an administrator's policy"),
			),
			oneOf(do("iam:CreateAccessKey", "user", Own), do("iam:CreateLoginProfile", "user", Own)),
		},
		Gains: Administration, Source: "awspx CreateUser",
	},

	// The holder makes an administrator of somebody whom it can become.
	{
		ID: "pf-iam-014", Title: "attaches an administrator's policy to a role, and assumes it",
		Steps: []Step{
			do("iam:AttachRolePolicy", "role", Other).with(policyARN, powerful...).without(boundaryKey),
			do("sts:AssumeRole", "role", Other),
		},
		Gains: Administration, Needs: []string{"a role without a permissions boundary that trusts the account"},
		Source: "pathfinding.cloud iam-014",
	},
	{
		ID: "pf-iam-017", Title: "writes an inline policy for a role, and assumes it",
		Steps: []Step{do("iam:PutRolePolicy", "role", Other).without(boundaryKey), do("sts:AssumeRole", "role", Other)},
		Gains: Administration, Needs: []string{"a role without a permissions boundary that trusts the account"},
		Source: "pathfinding.cloud iam-017",
	},
	{
		ID: "pf-iam-016", Title: "makes a new default version of a role's policy, and assumes the role",
		Steps: []Step{do("iam:CreatePolicyVersion", "policy", Other), do("sts:AssumeRole", "role", Other)},
		Gains: Administration,
		Needs: []string{"a role with a customer managed policy that trusts the account"}, Source: "pathfinding.cloud iam-016",
	},
	{
		ID: "pf-iam-019", Title: "attaches an administrator's policy to a role, makes the role trust it, and assumes it",
		Steps: []Step{
			do("iam:AttachRolePolicy", "role", Other).with(policyARN, powerful...).without(boundaryKey),
			do("iam:UpdateAssumeRolePolicy", "role", Other),
			do("sts:AssumeRole", "role", Other).trusted(),
		},
		Gains: Administration, Needs: []string{"a role without a permissions boundary"}, Source: "pathfinding.cloud iam-019",
	},
	{
		ID: "pf-iam-021", Title: "writes an inline policy for a role, makes the role trust it, and assumes it",
		Steps: []Step{
			do("iam:PutRolePolicy", "role", Other).without(boundaryKey),
			do("iam:UpdateAssumeRolePolicy", "role", Other),
			do("sts:AssumeRole", "role", Other).trusted(),
		},
		Gains: Administration, Needs: []string{"a role without a permissions boundary"}, Source: "pathfinding.cloud iam-021",
	},
	{
		ID: "pf-iam-020", Title: "makes a new default version of a role's policy, makes the role trust it, and assumes it",
		Steps: []Step{
			do("iam:CreatePolicyVersion", "policy", Other),
			do("iam:UpdateAssumeRolePolicy", "role", Other),
			do("sts:AssumeRole", "role", Other).trusted(),
		},
		Gains: Administration, Needs: []string{"a role with a customer managed policy"}, Source: "pathfinding.cloud iam-020",
	},
	{
		ID: "pf-iam-015", Title: "attaches an administrator's policy to another user, and makes an access key for it",
		Steps: []Step{
			do("iam:AttachUserPolicy", "user", Other).with(policyARN, powerful...).without(boundaryKey),
			do("iam:CreateAccessKey", "user", Other),
		},
		Gains: Administration, Needs: []string{"a user without a permissions boundary, and with fewer than two access keys"}, Source: "pathfinding.cloud iam-015",
	},
	{
		ID: "pf-iam-018", Title: "writes an inline policy for another user, and makes an access key for it",
		Steps: []Step{do("iam:PutUserPolicy", "user", Other).without(boundaryKey), do("iam:CreateAccessKey", "user", Other)},
		Gains: Administration, Needs: []string{"a user without a permissions boundary, and with fewer than two access keys"}, Source: "pathfinding.cloud iam-018",
	},

	// The holder makes an administrator of somebody with a permissions boundary, which it takes away: it may be allowed to make roles
	// with a boundary only, and be allowed to take it away all the same.
	{
		ID: "iam-createrole-unbound", Title: "makes a role with a permissions boundary, gives it an administrator's permissions, takes the boundary away, and assumes it",
		Steps: []Step{do("iam:CreateRole", "role", Own), empowerRole(Own), unbindRole(Own), do("sts:AssumeRole", "role", Own).trusted()},
		Gains: Administration, Source: "after AWS's page on delegating with permissions boundaries",
	},
	{
		ID: "iam-createuser-unbound", Title: "makes a user with a permissions boundary, gives it an administrator's permissions, takes the boundary away, and makes its key or password",
		Steps: []Step{
			do("iam:CreateUser", "user", Own), empowerUser(Own), unbindUser(Own),
			oneOf(do("iam:CreateAccessKey", "user", Own), do("iam:CreateLoginProfile", "user", Own)),
		},
		Gains: Administration, Source: "after AWS's page on delegating with permissions boundaries",
	},
	{
		ID: "iam-role-unbound", Title: "gives a role an administrator's permissions, takes its permissions boundary away, and assumes it",
		Steps: []Step{empowerRole(Other), unbindRole(Other), do("sts:AssumeRole", "role", Other)},
		Gains: Administration, Needs: []string{"a role with a permissions boundary that trusts the account"},
		Source: "after pathfinding.cloud iam-014",
	},
	{
		ID: "iam-user-unbound", Title: "gives another user an administrator's permissions, takes its permissions boundary away, and makes an access key for it",
		Steps: []Step{empowerUser(Other), unbindUser(Other), do("iam:CreateAccessKey", "user", Other)},
		Gains: Administration, Needs: []string{"a user with a permissions boundary, and with fewer than two access keys"},
		Source: "after pathfinding.cloud iam-015",
	},

	// The holder becomes another role.
	{
		ID: "pf-sts-001", Title: "assumes a role",
		Steps: []Step{do("sts:AssumeRole", "role", Other)},
		Gains: Principal, Target: Target{Kind: "role"}, Source: "pathfinding.cloud sts-001",
	},
	{
		ID: "pf-iam-012", Title: "makes a role trust it, and assumes the role",
		Steps: []Step{do("iam:UpdateAssumeRolePolicy", "role", Other), do("sts:AssumeRole", "role", Other).trusted()},
		Gains: Principal, Target: Target{Kind: "role"}, Source: "pathfinding.cloud iam-012",
	},
	{
		// The trust policy names the account, as the console writes it, so that an identity-based policy must allow the call.
		ID: "iam-updateassumerole-sts", Title: "makes a role trust its account, and assumes the role",
		Steps: []Step{do("iam:UpdateAssumeRolePolicy", "role", Other), do("sts:AssumeRole", "role", Other)},
		Gains: Principal, Target: Target{Kind: "role"}, Source: "Rhino Security Labs 14, pacu, prowler",
	},
	{
		ID: "iam-updatesaml", Title: "puts an identity provider of its own behind a SAML provider",
		Steps: []Step{oneOf(
			do("iam:UpdateSAMLProvider", "saml-provider", Other),
			do("iam:CreateSAMLProvider", "saml-provider", Own),
		)},
		Gains: Principal, Target: Target{Kind: "role", Trusts: "the SAML provider"}, Source: "public lists",
	},
	{
		ID: "iam-updateoidc", Title: "makes an OpenID Connect provider accept tokens of its own",
		Steps: []Step{oneOf(
			do("iam:UpdateOpenIDConnectProviderThumbprint", "oidc-provider", Other),
			do("iam:AddClientIDToOpenIDConnectProvider", "oidc-provider", Other),
		)},
		Gains: Principal, Target: Target{Kind: "role", Trusts: "the OpenID Connect provider"},
		Needs:  []string{"control of the provider's endpoint, or a client there"},
		Source: "public lists",
	},

	// The holder becomes another user.
	{
		ID: "pf-iam-002", Title: "makes an access key for another user",
		Steps: []Step{do("iam:CreateAccessKey", "user", Other)},
		Gains: Principal, Target: Target{Kind: "user"}, Needs: []string{"fewer than two access keys of the user"},
		Source: "pathfinding.cloud iam-002",
	},
	{
		ID: "pf-iam-003", Title: "replaces an access key of another user",
		Steps: []Step{do("iam:DeleteAccessKey", "user", Other), do("iam:CreateAccessKey", "user", Other)},
		Gains: Principal, Target: Target{Kind: "user"}, Source: "pathfinding.cloud iam-003",
	},
	{
		ID: "iam-updateaccesskey", Title: "makes an access key of another user active again",
		Steps: []Step{do("iam:UpdateAccessKey", "user", Other)},
		Gains: Principal, Target: Target{Kind: "user"}, Needs: []string{"an inactive access key of the user, whose secret the holder has"},
		Source: "public lists",
	},
	{
		ID: "pf-iam-004", Title: "gives another user a password",
		Steps: []Step{do("iam:CreateLoginProfile", "user", Other)},
		Gains: Principal, Target: Target{Kind: "user"}, Needs: []string{"no password of the user yet"},
		Source: "pathfinding.cloud iam-004",
	},
	{
		ID: "pf-iam-006", Title: "changes another user's password",
		Steps: []Step{do("iam:UpdateLoginProfile", "user", Other)},
		Gains: Principal, Target: Target{Kind: "user"}, Needs: []string{"a password of the user already"},
		Source: "pathfinding.cloud iam-006",
	},
	{
		ID: "iam-deactivatemfa", Title: "takes another user's MFA device away, or out of step",
		Steps: []Step{oneOf(do("iam:DeactivateMFADevice", "user", Other), do("iam:ResyncMFADevice", "user", Other))},
		Gains: Principal, Target: Target{Kind: "user"}, Needs: []string{"the user's password or access key in the holder's hands"},
		Source: "public lists",
	},
	{
		ID: "iam-enablemfa", Title: "gives another user an MFA device that it holds",
		Steps: []Step{do("iam:CreateVirtualMFADevice", "mfa", Own), do("iam:EnableMFADevice", "user", Other)},
		Gains: Principal, Target: Target{Kind: "user"}, Needs: []string{"the user's password or access key in the holder's hands"},
		Source: "public lists",
	},
	{
		ID: "iam-servicespecificcred", Title: "takes a user's credential for CodeCommit, Keyspaces or Bedrock",
		Steps: []Step{oneOf(
			do("iam:CreateServiceSpecificCredential", "user", Other),
			do("iam:ResetServiceSpecificCredential", "user", Other),
		)},
		Gains: Application, Needs: []string{"a user with permissions for the service"}, Source: "public lists",
	},
	{
		ID: "iam-uploadsshkey", Title: "gives another user an SSH key for CodeCommit",
		Steps: []Step{do("iam:UploadSSHPublicKey", "user", Other)},
		Gains: Application, Needs: []string{"a user with permissions for CodeCommit"}, Source: "public lists",
	},

	// The holder takes a limit away.
	{
		ID: "iam-boundary-user-put", Title: "replaces its permissions boundary, as a user",
		Steps: []Step{do("iam:PutUserPermissionsBoundary", "user", Self).with(boundaryKey, administrators...)},
		Gains: Restriction, Needs: []string{"a permissions boundary of the holder"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-boundary-user-del", Title: "deletes its permissions boundary, as a user",
		Steps: []Step{do("iam:DeleteUserPermissionsBoundary", "user", Self)},
		Gains: Restriction, Needs: []string{"a permissions boundary of the holder"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-boundary-role-put", Title: "replaces its permissions boundary, as a role",
		Steps: []Step{do("iam:PutRolePermissionsBoundary", "role", Self).with(boundaryKey, administrators...)},
		Gains: Restriction, Needs: []string{"a permissions boundary of the holder"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-boundary-role-del", Title: "deletes its permissions boundary, as a role",
		Steps: []Step{do("iam:DeleteRolePermissionsBoundary", "role", Self)},
		Gains: Restriction, Needs: []string{"a permissions boundary of the holder"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-deny-user-inline-del", Title: "deletes an inline policy of its own with a Deny, as a user",
		Steps: []Step{do("iam:DeleteUserPolicy", "user", Self)},
		Gains: Restriction, Needs: []string{"an inline policy of the holder with a Deny"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-deny-user-detach", Title: "detaches a managed policy with a Deny from itself, a user",
		Steps: []Step{do("iam:DetachUserPolicy", "user", Self)},
		Gains: Restriction, Needs: []string{"a managed policy of the holder with a Deny"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-deny-role-inline-del", Title: "deletes an inline policy of its own with a Deny, as a role",
		Steps: []Step{do("iam:DeleteRolePolicy", "role", Self)},
		Gains: Restriction, Needs: []string{"an inline policy of the holder with a Deny"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-deny-role-detach", Title: "detaches a managed policy with a Deny from itself, a role",
		Steps: []Step{do("iam:DetachRolePolicy", "role", Self)},
		Gains: Restriction, Needs: []string{"a managed policy of the holder with a Deny"}, Source: "hackingthe.cloud",
	},
	{
		ID: "iam-deny-group", Title: "takes a policy with a Deny from a group of its own, or leaves the group",
		Steps: []Step{oneOf(
			do("iam:DeleteGroupPolicy", "group", Other),
			do("iam:DetachGroupPolicy", "group", Other),
			do("iam:RemoveUserFromGroup", "group", Other),
		)},
		Gains: Restriction, Needs: []string{"a group that the holder is in, with a Deny"}, Source: "after hackingthe.cloud",
	},
}
