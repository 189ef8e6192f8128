package graph_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"github.com/writ-iam/writ/managed"
)

// synthetic writes the details of an account with so many users and roles, of the shapes that large accounts have: people in groups
// with shared managed policies, who manage their own credentials; a few roles for each application, with inline policies on its own resources,
// trusted by services, by the account or by a pipeline; and some administrators. In a dense one each role has
// permissions for many methods, on resources of its own, and is one that is passed.
func synthetic(w io.Writer, principals int, dense bool) error {
	const account = "111122223333"
	out := bufio.NewWriterSize(w, 1<<20)
	type object = map[string]any
	iam := func(rest string) string { return "arn:aws:iam::" + account + ":" + rest }
	doc := func(statements ...object) object { return object{"Version": "2012-10-17", "Statement": statements} }
	allow := func(action, resource any, more ...object) object {
		s := object{"Effect": "Allow", "Action": action, "Resource": resource}
		for _, m := range more {
			s["Condition"] = m
		}
		return s
	}
	trust := func(kind, name string, more ...object) object {
		s := object{"Effect": "Allow", "Principal": object{kind: name}, "Action": "sts:AssumeRole"}
		if kind == "Federated" {
			s["Action"] = "sts:AssumeRoleWithWebIdentity"
		}
		for _, m := range more {
			s["Condition"] = m
		}
		return doc(s)
	}
	inline := func(name string, d object) []object { return []object{{"PolicyName": name, "PolicyDocument": d}} }
	attach := func(arns ...string) (list []object) {
		for _, a := range arns {
			list = append(list, object{"PolicyName": a[len(a)-5:], "PolicyArn": a})
		}
		return list
	}
	aws := func(name string) string { return "arn:aws:iam::aws:policy/" + name }
	first := true
	var failed error
	item := func(v object) {
		if !first {
			out.WriteString(",\n")
		}
		first = false
		text, err := json.Marshal(v)
		if err != nil {
			failed = err
		}
		out.Write(text)
	}
	list := func(name string) {
		if name != "UserDetailList" {
			out.WriteString("],\n")
		} else {
			out.WriteString("{")
		}
		fmt.Fprintf(out, "%q: [\n", name)
		first = true
	}

	users := principals * 2 / 5
	list("UserDetailList")
	for i := range users {
		name := fmt.Sprintf("user%05d", i)
		u := object{
			"UserName": name, "Arn": iam("user/" + name), "GroupList": []string{"everyone", fmt.Sprintf("team%03d", i%200)},
			"Tags": []object{{"Key": "team", "Value": fmt.Sprintf("t%03d", i%200)}},
		}
		switch {
		case i%500 == 0:
			u["AttachedManagedPolicies"] = attach(aws("AdministratorAccess"))
		case i%50 == 1:
			u["AttachedManagedPolicies"] = attach(aws("PowerUserAccess"))
		case i%10 == 2:
			u["UserPolicyList"] = inline("own", doc(allow([]string{"s3:GetObject", "s3:PutObject"}, fmt.Sprintf("arn:aws:s3:::home-%05d/*", i))))
		case i%1000 == 3:
			u["UserPolicyList"] = inline("keys", doc(allow("iam:CreateAccessKey", iam("user/user0*"))))
		case i%40 == 4:
			u["PermissionsBoundary"] = object{"PermissionsBoundaryArn": iam("policy/developer-boundary")}
			u["UserPolicyList"] = inline("own", doc(allow([]string{"iam:CreateRole", "iam:PutRolePolicy", "iam:PassRole", "lambda:*"}, "*")))
		}
		item(u)
	}
	list("GroupDetailList")
	item(object{"GroupName": "everyone", "Arn": iam("group/everyone"), "AttachedManagedPolicies": attach(iam("policy/self-service"))})
	for i := range 200 {
		name := fmt.Sprintf("team%03d", i)
		item(object{
			"GroupName": name, "Arn": iam("group/" + name), "AttachedManagedPolicies": attach(aws("ReadOnlyAccess")),
			"GroupPolicyList": inline("assume", doc(
				allow("sts:AssumeRole", iam(fmt.Sprintf("role/app-%03d*", i))),
				allow("iam:PassRole", iam(fmt.Sprintf("role/app-%03d*", i)), object{"StringEquals": object{"iam:PassedToService": "lambda.amazonaws.com"}}),
			)),
		})
	}
	list("RoleDetailList")
	for i := range principals - users {
		app := i / 5
		name := fmt.Sprintf("app-%05d-%s", app, []string{"fn", "task", "host", "ci", "ops"}[i%5])
		own := func(service, rest string) string {
			return fmt.Sprintf("arn:aws:%s:eu-west-1:%s:%s", service, account, fmt.Sprintf(rest, app))
		}
		r := object{"RoleName": name, "Arn": iam("role/" + name), "InstanceProfileList": []object{}}
		shape := i % 5
		if dense {
			shape = 3
		}
		switch shape {
		case 0:
			r["AssumeRolePolicyDocument"] = trust("Service", "lambda.amazonaws.com")
			r["RolePolicyList"] = inline("own", doc(allow([]string{"dynamodb:GetItem", "dynamodb:PutItem"}, own("dynamodb", "table/app-%05d")), allow("logs:*", own("logs", "log-group:/aws/lambda/app-%05d*"))))
			if app%100 == 0 {
				r["AttachedManagedPolicies"] = attach(aws("AdministratorAccess"))
			}
		case 1:
			r["AssumeRolePolicyDocument"] = trust("Service", "ecs-tasks.amazonaws.com", object{"StringEquals": object{"aws:SourceAccount": account}})
			r["RolePolicyList"] = inline("own", doc(allow([]string{"s3:GetObject", "s3:PutObject", "s3:ListBucket"}, []string{fmt.Sprintf("arn:aws:s3:::app-%05d", app), fmt.Sprintf("arn:aws:s3:::app-%05d/*", app)})))
		case 2:
			r["AssumeRolePolicyDocument"] = trust("Service", "ec2.amazonaws.com")
			r["InstanceProfileList"] = []object{{"Arn": iam("instance-profile/" + name)}}
			r["AttachedManagedPolicies"] = attach(aws("AmazonSSMManagedInstanceCore"))
			if app%50 == 0 {
				r["RolePolicyList"] = inline("assume", doc(allow("sts:AssumeRole", "*")))
			}
		case 3:
			r["AssumeRolePolicyDocument"] = trust("Federated", iam("oidc-provider/token.actions.githubusercontent.com"), object{"StringLike": object{"token.actions.githubusercontent.com:sub": fmt.Sprintf("repo:example/app-%05d:*", app)}})
			r["RolePolicyList"] = inline("deploy", doc(
				allow("iam:PassRole", iam(fmt.Sprintf("role/app-%05d-*", app)), object{"StringEquals": object{"iam:PassedToService": []string{"lambda.amazonaws.com", "ecs-tasks.amazonaws.com"}}}),
				allow("lambda:*", own("lambda", "function:app-%05d-*")),
				allow([]string{"ecs:RegisterTaskDefinition", "ecs:RunTask", "ecs:UpdateService"}, "*"),
				allow([]string{"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"}, fmt.Sprintf("arn:aws:iam::*:role/app-%05d-*", app), object{"StringEquals": object{"iam:PermissionsBoundary": iam("policy/developer-boundary")}}),
			))
		case 4:
			switch app % 4 {
			case 0:
				r["AssumeRolePolicyDocument"] = trust("AWS", "arn:aws:iam::"+account+":root")
			case 1:
				r["AssumeRolePolicyDocument"] = trust("AWS", iam(fmt.Sprintf("role/app-%05d-ci", app)))
			case 2:
				r["AssumeRolePolicyDocument"] = trust("AWS", "arn:aws:iam::444455556666:root", object{"StringEquals": object{"sts:ExternalId": fmt.Sprint("x", app)}})
			case 3:
				r["AssumeRolePolicyDocument"] = trust("AWS", "arn:aws:iam::"+account+":root", object{"Bool": object{"aws:MultiFactorAuthPresent": "true"}})
			}
			r["RolePolicyList"] = inline("ops", doc(allow([]string{"ec2:StartInstances", "ec2:StopInstances", "ssm:StartSession"}, "*", object{"StringEquals": object{"aws:ResourceTag/app": fmt.Sprintf("app-%05d", app)}})))
			if app%500 == 4 {
				r["AttachedManagedPolicies"] = attach(aws("IAMFullAccess"))
			}
		}
		if dense {
			r["AssumeRolePolicyDocument"] = trust("Service", []string{"lambda.amazonaws.com", "ecs-tasks.amazonaws.com"}[i%2])
		}
		item(r)
	}
	list("Policies")
	version := func(d any) []object { return []object{{"VersionId": "v1", "IsDefaultVersion": true, "Document": d}} }
	item(object{"PolicyName": "self-service", "Arn": iam("policy/self-service"), "DefaultVersionId": "v1", "PolicyVersionList": version(doc(
		allow([]string{"iam:*AccessKey*", "iam:*LoginProfile", "iam:ChangePassword", "iam:*MFADevice"}, []string{iam("user/${aws:username}"), iam("mfa/${aws:username}")}),
		object{"Effect": "Deny", "NotAction": []string{"iam:*", "sts:*"}, "Resource": "*", "Condition": object{"BoolIfExists": object{"aws:MultiFactorAuthPresent": "false"}}},
	))})
	item(object{"PolicyName": "developer-boundary", "Arn": iam("policy/developer-boundary"), "DefaultVersionId": "v1", "PolicyVersionList": version(doc(
		allow([]string{"s3:*", "dynamodb:*", "lambda:*", "logs:*", "iam:PassRole"}, "*"),
	))})
	for _, name := range []string{"AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "IAMFullAccess", "AmazonSSMManagedInstanceCore"} {
		p, ok := managed.Lookup(name)
		if !ok {
			return fmt.Errorf("no managed policy %s", name)
		}
		item(object{"PolicyName": name, "Arn": p.ARN, "DefaultVersionId": "v1", "PolicyVersionList": version(json.RawMessage(p.Default().Document()))})
	}
	out.WriteString("]}\n")
	if failed != nil {
		return failed
	}
	return out.Flush()
}
