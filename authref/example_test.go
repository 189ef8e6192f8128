package authref_test

import (
	"fmt"

	"github.com/writ-iam/writ/authref"
)

func Example() {
	action, _ := authref.LookupAction("iam:passrole")
	fmt.Println(action, "is", action.AccessLevel, "on", action.Resources[0].Type)

	service, _ := authref.Lookup(action.Service)
	role, _ := service.ResourceType(action.Resources[0].Type)
	fmt.Println(role.ARN)

	for _, name := range action.ConditionKeys {
		key, _ := service.ConditionKey(name)
		fmt.Println(key.Key, key.Type)
	}
	// Output:
	// iam:PassRole is Write on role
	// arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}
	// iam:AssociatedResourceArn ARN
	// iam:PassedToService String
}

func ExampleExpand() {
	names, err := authref.Expand("iam:*login*")
	fmt.Println(names, err)
	_, err = authref.Expand("s*:Get*")
	fmt.Println(err)
	// Output:
	// [iam:CreateLoginProfile iam:DeleteLoginProfile iam:GetLoginProfile iam:UpdateLoginProfile] <nil>
	// Vendor s* is not valid
}
