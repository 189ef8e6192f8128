package cli

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/spf13/cobra"
)

// A node is the root, a unit or an account with what is below it; its fields are the JSON of writ org tree.
type node struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"` // root, unit or account
	Name     string   `json:"name"`
	Email    string   `json:"email,omitempty"`
	State    string   `json:"state,omitempty"` // of an account
	Role     string   `json:"role,omitempty"`  // management
	SCPs     []string `json:"scps"`
	RCPs     []string `json:"rcps"`
	Children []*node  `json:"children,omitempty"`
}

func (p *program) orgTree(f *clientFlags) *cobra.Command {
	return p.orgCommand(f, &cobra.Command{
		Use:   "tree",
		Short: "Draw the organization",
		Long: `Draw the organization: the root, units and accounts, each with its id and with the SCPs and RCPs
that are attached to it.`,
		Example: `  writ org tree
  writ org tree --json`,
		Args: arguments(),
	}, func(o *org, _ []string) error {
		root, err := o.tree()
		if err != nil {
			return err
		}
		if o.json {
			return o.printJSON(root)
		}
		for _, line := range aligned(root.rows("", "")) {
			o.print("%s", printable(line))
		}
		return nil
	})
}

// tree reads the whole organization.
func (o *org) tree() (*node, error) {
	root, err := o.root()
	if err != nil {
		return nil, err
	}
	out, err := o.DescribeOrganization(o.ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return nil, err
	}
	n := &node{ID: *root.Id, Type: "root", Name: *root.Name}
	return n, o.grow(n, deref(out.Organization.MasterAccountId))
}

// grow reads what is attached to a node and what is below it.
func (o *org) grow(n *node, management string) (err error) {
	if n.SCPs, err = o.attached(n.ID, types.PolicyTypeServiceControlPolicy); err != nil {
		return err
	}
	if n.RCPs, err = o.attached(n.ID, types.PolicyTypeResourceControlPolicy); err != nil {
		return err
	}
	if n.Type == "account" {
		return nil
	}
	units, err := o.unitsBelow(n.ID)
	if err != nil {
		return err
	}
	accounts, err := o.accountsBelow(n.ID)
	if err != nil {
		return err
	}
	for _, u := range units {
		n.Children = append(n.Children, &node{ID: *u.Id, Type: "unit", Name: *u.Name})
	}
	for _, a := range accounts {
		child := newAccountNode(&a)
		if child.ID == management {
			child.Role = "management"
		}
		n.Children = append(n.Children, child)
	}
	slices.SortFunc(n.Children, func(a, b *node) int { // units first
		return cmp.Or(-cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	for _, child := range n.Children {
		if err := o.grow(child, management); err != nil {
			return err
		}
	}
	return nil
}

func newAccountNode(a *types.Account) *node {
	return &node{
		ID: *a.Id, Type: "account", Name: deref(a.Name), Email: deref(a.Email), State: strings.ToLower(string(a.State)),
	}
}

// attached returns the names of the policies attached to a root, unit or account.
func (o *org) attached(id string, t types.PolicyType) ([]string, error) {
	list, err := every(o.ctx, organizations.NewListPoliciesForTargetPaginator(o,
		&organizations.ListPoliciesForTargetInput{TargetId: &id, Filter: t}),
		func(p *organizations.ListPoliciesForTargetOutput) []types.PolicySummary { return p.Policies })
	names := []string{}
	for _, p := range list {
		names = append(names, *p.Name)
	}
	slices.Sort(names)
	return names, err
}

// rows draws a node and what is below it: first is what stands before its name, rest before those below.
func (n *node) rows(first, rest string) [][]string {
	name := n.Name
	if n.Type == "account" {
		name = strings.TrimSpace(name + " " + n.mark())
	}
	rows := [][]string{{first + name, n.ID, labelled("SCP", n.SCPs), labelled("RCP", n.RCPs)}}
	for i, child := range n.Children {
		branch, below := "├─ ", "│  "
		if i == len(n.Children)-1 {
			branch, below = "└─ ", "   "
		}
		rows = append(rows, child.rows(rest+branch, rest+below)...)
	}
	return rows
}

// mark returns the words that qualify an account, in parentheses.
func (n *node) mark() string {
	words := n.Role
	if n.State != "active" {
		words = strings.TrimPrefix(words+", "+n.State, ", ")
	}
	if words == "" {
		return ""
	}
	return "(" + words + ")"
}

func labelled(label string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return label + " " + strings.Join(names, ", ")
}
