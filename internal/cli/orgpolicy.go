package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/eval"
)

func (p *program) orgPolicy(f *clientFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Create, update, delete, list and show SCPs and RCPs",
		Long:  "Create, update, delete, list and show service control policies and resource control policies.",
		Example: `  writ org policy create KeepOut --type rcp --document rcp.json
  writ org policy show KeepOut
  writ org policy list`,
	}
	c.AddCommand(p.orgPolicyCreate(f), p.orgPolicyUpdate(f), p.orgPolicyDelete(f), p.orgPolicyList(f), p.orgPolicyShow(f))
	return c
}

// orgPolicyJSON is a policy of an organization in JSON.
type orgPolicyJSON struct {
	ID          string          `json:"id"`
	Name        string          `json:"name"`
	Type        string          `json:"type"` // scp or rcp
	Description string          `json:"description,omitempty"`
	AWS         bool            `json:"aws"` // owned by AWS
	Document    json.RawMessage `json:"document,omitempty"`
}

func newOrgPolicyJSON(p *types.PolicySummary) orgPolicyJSON {
	return orgPolicyJSON{
		ID: *p.Id, Name: *p.Name, Type: typeName(p.Type), Description: deref(p.Description), AWS: p.AwsManaged,
	}
}

// typeName is what the command line calls a type.
func typeName(t types.PolicyType) string {
	for _, known := range policyTypes {
		if known.t == t {
			return known.name
		}
	}
	return string(t)
}

// findPolicyType finds the type that an argument names.
func findPolicyType(argument, name string) (policyType, error) {
	for _, t := range policyTypes {
		if name == t.name {
			return t, nil
		}
	}
	return policyType{}, fmt.Errorf("%s %q: expected scp or rcp", argument, name)
}

// document reads the file of --document and checks it, so that an error names the place in it.
func (o *org) document(name string, t types.PolicyType) (*string, error) {
	src, from, err := o.readPolicy("--document", name)
	if err != nil {
		return nil, err
	}
	compileAs := eval.SCP
	if t == types.PolicyTypeResourceControlPolicy {
		compileAs = eval.RCP
	}
	if _, err := compile(src, from, compileAs); err != nil {
		return nil, err
	}
	var small bytes.Buffer // white space counts against the quota
	if err := json.Compact(&small, src); err != nil {
		return nil, err
	}
	return aws.String(small.String()), nil
}

func (p *program) orgPolicyCreate(f *clientFlags) *cobra.Command {
	var document, description, typeFlag once
	c := p.orgCommand(f, &cobra.Command{
		Use:   "create NAME --document FILE [--type scp|rcp]",
		Short: "Create an SCP or an RCP",
		Long:  "Create a service control policy or a resource control policy. It does nothing until it is attached.",
		Example: `  writ org policy create NoIAM --document scp.json
  writ org policy create OwnOnly --type rcp --document rcp.json --description outsiders`,
		Args: arguments("NAME"),
	}, func(o *org, args []string) error {
		if !typeFlag.given() {
			typeFlag.text = "scp"
		}
		t, err := findPolicyType("--type", typeFlag.text)
		if err != nil {
			return err
		}
		if !document.given() {
			return errors.New("--document is missing; expected a file, or - for standard input")
		}
		content, err := o.document(document.text, t.t)
		if err != nil {
			return err
		}
		out, err := o.CreatePolicy(o.ctx, &organizations.CreatePolicyInput{
			Name: &args[0], Type: t.t, Content: content, Description: &description.text,
		})
		if err != nil {
			return err
		}
		j := newOrgPolicyJSON(out.Policy.PolicySummary)
		return o.done(j, []string{"writ", "org", "attach", j.Name, "/"}, "created", t.name, j.Name, j.ID)
	})
	c.Flags().Var(&document, "document", "the policy document: a `file`, or - for standard input")
	c.Flags().Var(&typeFlag, "type", "scp or rcp, the `type` of the policy (default scp)")
	c.Flags().Var(&description, "description", "what it is for, a `text`")
	return c
}

func (p *program) orgPolicyUpdate(f *clientFlags) *cobra.Command {
	var document, name, description once
	c := p.orgCommand(f, &cobra.Command{
		Use:   "update POLICY [--document FILE] [--name NAME] [--description TEXT]",
		Short: "Change a policy",
		Long:  "Change the document, the name or the description of a policy, at once wherever it is attached.",
		Example: `  writ org policy update NoIAM --document scp.json
  writ org policy update NoIAM --name NoUsers`,
		Args: arguments("POLICY"),
	}, func(o *org, args []string) error {
		if !document.given() && !name.given() && !description.given() {
			return errors.New("nothing to change; give --document, --name or --description")
		}
		found, err := o.policy(args[0])
		if err != nil {
			return err
		}
		in := &organizations.UpdatePolicyInput{PolicyId: found.Id, Name: name.value(), Description: description.value()}
		if document.given() {
			if in.Content, err = o.document(document.text, found.Type); err != nil {
				return err
			}
		}
		out, err := o.UpdatePolicy(o.ctx, in)
		if err != nil {
			return err
		}
		j := newOrgPolicyJSON(out.Policy.PolicySummary)
		return o.done(j, nil, "updated", j.Type, j.Name, j.ID)
	})
	c.Flags().Var(&document, "document", "the new policy document: a `file`, or - for standard input")
	c.Flags().Var(&name, "name", "the new `name`")
	c.Flags().Var(&description, "description", "the new description, a `text`")
	return c
}

// value is the flag's value, or nil if it was not given.
func (o *once) value() *string {
	if !o.given() {
		return nil
	}
	return &o.text
}

func (p *program) orgPolicyDelete(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:     "delete POLICY",
		Short:   "Delete a policy that is attached nowhere",
		Long:    "Delete a policy that is attached nowhere.",
		Example: "  writ org policy delete OwnOnly",
		Args:    arguments("POLICY"),
	}, func(o *org, args []string) error {
		found, err := o.policy(args[0])
		if err != nil {
			return err
		}
		if _, err := o.DeletePolicy(o.ctx, &organizations.DeletePolicyInput{PolicyId: found.Id}); err != nil {
			return err
		}
		j := newOrgPolicyJSON(found)
		return o.done(j, nil, "deleted", j.Type, j.Name)
	})
}

func (p *program) orgPolicyList(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "list",
		Short: "List the policies",
		Long:  "List the policies, those of AWS included: id, type, name and description.",
		Example: `  writ org policy list
  writ org policy list --json`,
		Args: arguments(),
	}, func(o *org, _ []string) error {
		var list []orgPolicyJSON
		var rows [][]string
		for _, t := range policyTypes {
			all, err := o.policiesOf(t)
			if err != nil {
				return err
			}
			for _, found := range all {
				j := newOrgPolicyJSON(&found)
				list = append(list, j)
				rows = append(rows, []string{j.ID, j.Type, j.Name, j.Description})
			}
		}
		if o.json {
			return o.printJSON(list)
		}
		for _, line := range aligned(rows) {
			o.print("%s", printable(line))
		}
		return nil
	})
}

func (p *program) orgPolicyShow(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "show POLICY",
		Short: "Print the document of a policy",
		Long:  "Print the document of a policy, indented. What is printed is a policy file.",
		Example: `  writ org policy show FullAWSAccess
  writ org policy show NoIAM --json`,
		Args: arguments("POLICY"),
	}, func(o *org, args []string) error {
		found, err := o.policy(args[0])
		if err != nil {
			return err
		}
		out, err := o.DescribePolicy(o.ctx, &organizations.DescribePolicyInput{PolicyId: found.Id})
		if err != nil {
			return err
		}
		content := []byte(deref(out.Policy.Content))
		if o.json {
			j := newOrgPolicyJSON(out.Policy.PolicySummary)
			j.Document = content
			return o.printJSON(j)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, content, "", "  "); err != nil {
			return err
		}
		o.print("%s", indented.Bytes())
		return nil
	})
}

// attachmentJSON is an attachment in JSON.
type attachmentJSON struct {
	Policy orgPolicyJSON `json:"policy"`
	Target string        `json:"target"` // id
}

func (p *program) orgAttach(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "attach POLICY TARGET",
		Short: "Attach a policy to the root, a unit or an account",
		Long:  "Attach a policy to the root, which is /, to a unit or to an account. It is in force at once.",
		Example: `  writ org attach NoIAM /Sandbox
  writ org attach OwnOnly /`,
		Args: arguments("POLICY", "TARGET"),
	}, func(o *org, args []string) error {
		found, target, err := o.attachment(args)
		if err != nil {
			return err
		}
		in := &organizations.AttachPolicyInput{PolicyId: found.Id, TargetId: &target.id}
		if _, err := o.AttachPolicy(o.ctx, in); err != nil {
			return err
		}
		j := attachmentJSON{newOrgPolicyJSON(found), target.id}
		return o.done(j, []string{"writ", "org", "tree"}, "attached", j.Policy.Type, j.Policy.Name, "to "+target.name)
	})
}

func (p *program) orgDetach(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "detach POLICY TARGET",
		Short: "Detach a policy from the root, a unit or an account",
		Long: `Detach a policy from the root, which is /, from a unit or from an account. One SCP always stays
attached, and so does RCPFullAWSAccess.`,
		Example: "  writ org detach OwnOnly /",
		Args:    arguments("POLICY", "TARGET"),
	}, func(o *org, args []string) error {
		found, target, err := o.attachment(args)
		if err != nil {
			return err
		}
		in := &organizations.DetachPolicyInput{PolicyId: found.Id, TargetId: &target.id}
		if _, err := o.DetachPolicy(o.ctx, in); err != nil {
			return err
		}
		j := attachmentJSON{newOrgPolicyJSON(found), target.id}
		return o.done(j, nil, "detached", j.Policy.Type, j.Policy.Name, "from "+target.name)
	})
}

// attachment finds both ends of one.
func (o *org) attachment(args []string) (*types.PolicySummary, place, error) {
	found, err := o.policy(args[0])
	if err != nil {
		return nil, place{}, err
	}
	target, err := o.place(args[1])
	return found, target, err
}
