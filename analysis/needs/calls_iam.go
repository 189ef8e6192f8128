package needs

// iamCalls is the table of IAM's types. It follows
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html, the schemas of the types, and, for what the
// requests carry, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html.
func iamCalls() map[string]resourceType {
	const boundary = "{PermissionsBoundary}"
	role := func(r rule) rule { return r.ctx("iam:PermissionsBoundary", boundary) }
	// inline makes the rules for a policy in each of the users, groups and roles that it is for, and attach those for one that is attached.
	inline := func(phases []Phase, verb string) (rules []rule) {
		for _, kind := range []struct{ property, name, path string }{{"Roles", "Role", "role"}, {"Users", "User", "user"}, {"Groups", "Group", "group"}} {
			rules = append(rules, in("iam:"+verb+kind.name+"Policy", phases...).with(kind.property+".*").on("{@}", "iam::$A:"+kind.path+"/{}"))
		}
		return rules
	}
	attach := func(phases []Phase, verb string) (rules []rule) {
		for _, r := range inline(phases, verb) {
			rules = append(rules, r.ctx("iam:PolicyARN", "arn:$P:iam::$A:policy{Path|path}{Name}"))
		}
		return rules
	}
	single := func(property, kind, path string) resourceType {
		r := func(r rule) rule { return r.with(property).on("{@}", "iam::$A:"+path+"/{}") }
		return of("",
			r(create("iam:Put"+kind+"Policy Get"+kind+"Policy")),
			r(read("iam:Get"+kind+"Policy")),
			r(update("iam:Put"+kind+"Policy Get"+kind+"Policy")),
			r(remove("iam:Delete"+kind+"Policy Get"+kind+"Policy")),
		)
	}
	var (
		changes   = []Phase{Create, Update}
		removes   = []Phase{Delete}
		policy    []rule
		managed   []rule
		policyARN = "iam::$A:policy{Path|path}{Name}"
	)
	policy = append(policy, inline(changes, "Put")...)
	policy = append(policy, inline([]Phase{Create}, "Get")...)
	policy = append(policy, inline([]Phase{Update, Delete}, "Delete")...)

	managed = append(managed,
		create("iam:CreatePolicy"),
		read("iam:GetPolicy"),
		read("iam:ListEntitiesForPolicy GetPolicyVersion").upper(),
		update("iam:GetPolicy ListPolicyVersions CreatePolicyVersion DeletePolicyVersion"),
		remove("iam:GetPolicy ListPolicyVersions DeletePolicyVersion DeletePolicy"),
		remove("iam:ListEntitiesForPolicy").upper(),
	)
	managed = append(managed, attach(changes, "Attach")...)
	managed = append(managed, attach([]Phase{Update}, "Detach")...)
	managed = append(managed, attach(removes, "Detach")...)

	return map[string]resourceType{
		"AWS::IAM::Role": of("iam::$A:role{Path|path}{Name}",
			role(create("iam:CreateRole")),
			create("iam:GetRole"),
			read("iam:GetRole"),
			read("iam:ListAttachedRolePolicies ListRolePolicies GetRolePolicy").upper(),
			update("iam:UpdateRole UpdateAssumeRolePolicy"),
			update("iam:UpdateRoleDescription").with("Description"),
			remove("iam:DeleteRole GetRole ListAttachedRolePolicies ListRolePolicies"),
			role(change("iam:PutRolePolicy").with("Policies.*")),
			create("iam:GetRolePolicy").with("Policies.*"),
			role(update("iam:DeleteRolePolicy").with("Policies.*")),
			role(remove("iam:DeleteRolePolicy").with("Policies.*")),
			role(change("iam:AttachRolePolicy").with("ManagedPolicyArns.*").ctx("iam:PolicyARN", "{}")),
			role(update("iam:DetachRolePolicy").with("ManagedPolicyArns.*").ctx("iam:PolicyARN", "{}")),
			role(remove("iam:DetachRolePolicy").with("ManagedPolicyArns.*").ctx("iam:PolicyARN", "{}")),
			role(update("iam:PutRolePermissionsBoundary DeleteRolePermissionsBoundary").with("PermissionsBoundary")),
			change("iam:TagRole").tags("Tags"),
			update("iam:UntagRole").tags("Tags"),
		),
		"AWS::IAM::Policy":        of("", policy...),
		"AWS::IAM::ManagedPolicy": of(policyARN, managed...),
		"AWS::IAM::RolePolicy":    single("RoleName", "Role", "role"),
		"AWS::IAM::UserPolicy":    single("UserName", "User", "user"),
		"AWS::IAM::GroupPolicy":   single("GroupName", "Group", "group"),
		"AWS::IAM::InstanceProfile": of("iam::$A:instance-profile{Path|path}{Name}",
			create("iam:CreateInstanceProfile GetInstanceProfile"),
			read("iam:GetInstanceProfile"),
			in("iam:AddRoleToInstanceProfile", Create, Update).with("Roles.*"),
			change("iam:PassRole").with("Roles.*").on("{@}", "iam::$A:role/{}").ctx("iam:PassedToService", "ec2.amazonaws.com"),
			in("iam:RemoveRoleFromInstanceProfile", Update, Delete).with("Roles.*"),
			remove("iam:DeleteInstanceProfile GetInstanceProfile"),
		),
		"AWS::IAM::User": of("iam::$A:user{Path|path}{Name}",
			role(create("iam:CreateUser")),
			create("iam:GetUser"),
			read("iam:GetUser"),
			read("iam:ListUserPolicies GetUserPolicy ListAttachedUserPolicies ListGroupsForUser GetLoginProfile").upper(),
			update("iam:GetUser UpdateUser"),
			remove("iam:DeleteUser GetUser ListAttachedUserPolicies ListUserPolicies ListGroupsForUser"),
			role(change("iam:PutUserPolicy").with("Policies.*")),
			role(in("iam:DeleteUserPolicy", Update, Delete).with("Policies.*")),
			role(change("iam:AttachUserPolicy").with("ManagedPolicyArns.*").ctx("iam:PolicyARN", "{}")),
			role(in("iam:DetachUserPolicy", Update, Delete).with("ManagedPolicyArns.*").ctx("iam:PolicyARN", "{}")),
			role(update("iam:PutUserPermissionsBoundary DeleteUserPermissionsBoundary").with("PermissionsBoundary")),
			change("iam:AddUserToGroup").with("Groups.*").on("{@}", "iam::$A:group/{}"),
			in("iam:RemoveUserFromGroup", Update, Delete).with("Groups.*").on("{@}", "iam::$A:group/{}"),
			create("iam:CreateLoginProfile").with("LoginProfile"),
			update("iam:UpdateLoginProfile").with("LoginProfile"),
			remove("iam:DeleteLoginProfile").with("LoginProfile"),
			change("iam:TagUser").tags("Tags"),
			update("iam:UntagUser").tags("Tags"),
		),
		"AWS::IAM::Group": of("iam::$A:group{Path|path}{Name}",
			create("iam:CreateGroup GetGroup"),
			read("iam:GetGroup"),
			read("iam:ListGroupPolicies GetGroupPolicy ListAttachedGroupPolicies").upper(),
			update("iam:GetGroup UpdateGroup"),
			remove("iam:DeleteGroup GetGroup ListAttachedGroupPolicies ListGroupPolicies"),
			change("iam:PutGroupPolicy").with("Policies.*"),
			in("iam:DeleteGroupPolicy", Update, Delete).with("Policies.*"),
			change("iam:AttachGroupPolicy").with("ManagedPolicyArns.*").ctx("iam:PolicyARN", "{}"),
			in("iam:DetachGroupPolicy", Update, Delete).with("ManagedPolicyArns.*").ctx("iam:PolicyARN", "{}"),
		),
		"AWS::IAM::UserToGroupAddition": of("iam::$A:group/{GroupName}",
			change("iam:AddUserToGroup"),
			in("iam:RemoveUserFromGroup", Update, Delete),
			read("iam:GetGroup"),
		),
		"AWS::IAM::AccessKey": of("iam::$A:user/{UserName}",
			create("iam:CreateAccessKey"),
			read("iam:ListAccessKeys"),
			update("iam:UpdateAccessKey"),
			remove("iam:DeleteAccessKey"),
		),
		"AWS::IAM::ServiceLinkedRole": of("iam::$A:role/aws-service-role/{AWSServiceName}/*",
			create("iam:CreateServiceLinkedRole").ctx("iam:AWSServiceName", "{AWSServiceName}"),
			create("iam:GetRole"),
			read("iam:GetRole"),
			update("iam:UpdateRole GetRole"),
			remove("iam:DeleteServiceLinkedRole GetServiceLinkedRoleDeletionStatus GetRole"),
		),
		"AWS::IAM::OIDCProvider": of("iam::$A:oidc-provider/{Url|host}",
			create("iam:CreateOpenIDConnectProvider"),
			read("iam:GetOpenIDConnectProvider"),
			update("iam:GetOpenIDConnectProvider UpdateOpenIDConnectProviderThumbprint AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider"),
			remove("iam:DeleteOpenIDConnectProvider"),
			change("iam:TagOpenIDConnectProvider").tags("Tags"),
			update("iam:UntagOpenIDConnectProvider").tags("Tags"),
		),
		"AWS::IAM::SAMLProvider": of("iam::$A:saml-provider/{Name}",
			create("iam:CreateSAMLProvider GetSAMLProvider"),
			read("iam:GetSAMLProvider"),
			update("iam:UpdateSAMLProvider GetSAMLProvider"),
			remove("iam:DeleteSAMLProvider"),
			change("iam:TagSAMLProvider").tags("Tags"),
			update("iam:UntagSAMLProvider").tags("Tags"),
		),
	}
}
