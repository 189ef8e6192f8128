package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/affected"
	"github.com/writ-iam/writ/internal/authdetails"
	"github.com/writ-iam/writ/internal/pdp"
	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

const affectedHelp = `Say whom an update of a managed policy affects, and what it changes for each in effect: beside the other
policies that they have, those of their groups too, within their permissions boundaries, and within the
service control policies (SCPs) above their accounts. An update that gives somebody nothing new says so.

The accounts come from files (--details, repeatable, or - for standard input), or else from a server.
A file is the output of "aws iam get-account-authorization-details", for one account, or of "writ org
details", for all of them, which has their SCPs, too. Of a server, an operator and a management account
read all accounts with their SCPs; others read their own account, without SCPs, and are told so. RCPs,
which bear on resources, do not count.

The versions are those of AWS's catalogue that is built in, or of what is read; without --from and --to,
the last two. --scp names SCPs in place of those that are read: of one level of the organization,
separated by commas, from the root down. They bear on all that is read but service-linked roles.

Exit status: 0 if nobody loses anything, 1 if somebody does or may, 2 for an error.`

// affectedFlags are the flags of writ catalog affected.
type affectedFlags struct {
	*clientFlags
	details  []string
	scp      []string
	from, to once
	universe once
	witness  bool
}

func (p *program) catalogAffected() *cobra.Command {
	var f affectedFlags
	c := &cobra.Command{
		Use:   "affected NAME [--details FILE] [--from VERSION --to VERSION]",
		Short: "Say whom an update of a managed policy affects, and how",
		Long:  affectedHelp,
		Example: `  writ catalog affected AdministratorAccess-Amplify --details details.json --from v10 --to v11
  writ catalog affected AdministratorAccess-Amplify --details organization.json --from v10 --to v11
  writ catalog affected AdministratorAccess-Amplify --details details.json --from v10 --to v11 --scp root.json --scp ou.json,team.json
  writ catalog affected AdministratorAccess-Amplify --details details.json --from v10 --to v11 --json`,
		Args: arguments("NAME"),
	}
	f.clientFlags = newClientFlags(c)
	c.Flags().StringArrayVar(&f.details, "details", nil, "`file` of what aws iam get-account-authorization-details or writ org details prints (repeatable)")
	c.Flags().StringArrayVar(&f.scp, "scp", nil, "service control `policies` of one level, from the root down, in place of those that are read (repeatable)")
	mustComplete(c, "scp", completeSCPs)
	c.Flags().Var(&f.from, "from", "`version` before the update")
	c.Flags().Var(&f.to, "to", "`version` after it")
	c.Flags().Var(&f.universe, "universe", "open or reference: which requests count (default open)")
	c.Flags().BoolVar(&f.witness, "witness", false, "show a request for each change")
	c.RunE = func(c *cobra.Command, args []string) error { return p.runAffected(c.Context(), &f, args[0]) }
	return c
}

func (p *program) runAffected(ctx context.Context, f *affectedFlags, name string) error {
	var o prove.Options
	var err error
	if f.universe.given() {
		if o.Universe, err = prove.ParseUniverse(f.universe.text); err != nil {
			return fmt.Errorf("--universe: %w", err)
		}
	}
	var d authdetails.Details
	others := affected.Others{Document: func(arn string) *policy.Document { return documentInForce(&d, arn) }}
	if others.SCPs, err = p.loadSCPs(f.scp); err != nil {
		return err
	}
	if err := p.readDetails(ctx, f, &d, name); err != nil {
		return err
	}
	u, from, to, err := updateOf(&d, name, f.from.text, f.to.text)
	if err != nil {
		return err
	}
	list, err := affected.By(ctx, &d, u, others, o, nil)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].Change.Removes.Answer != prove.Proved {
			p.status = differs
		}
	}
	if f.json {
		out := []affectedJSON{}
		for i := range list {
			out = append(out, newAffectedJSON(&list[i]))
		}
		return (&client{program: p}).printJSON(out)
	}
	p.printAffected(name, from, to, list, f.witness)
	p.print("\n%s", printable(accountsRead(&d, len(f.scp) > 0)))
	if _, shipped := managed.Lookup(name); shipped && len(list) > 0 {
		p.print("next  writ diff %s@%s %s@%s", printable(name), from, printable(name), to)
	}
	return nil
}

// loadSCPs loads the service control policies of each level.
func (p *program) loadSCPs(names []string) (scps [][]*policy.Document, err error) {
	levels, err := p.loadLevels("--scp", names)
	if err != nil {
		return nil, err
	}
	for _, level := range levels {
		var docs []*policy.Document
		for _, l := range level {
			if _, err := eval.Compile(l.doc, eval.SCP); err != nil {
				return nil, l.from.placed(err)
			}
			docs = append(docs, l.doc)
		}
		scps = append(scps, docs)
	}
	return scps, nil
}

// readDetails reads the accounts: from files, or from a server.
func (p *program) readDetails(ctx context.Context, f *affectedFlags, d *authdetails.Details, name string) error {
	c, err := p.readAllDetails(ctx, f.clientFlags, f.details, d)
	if err != nil || c == nil {
		return err
	}
	return c.told(c.addVersions(d, f, name))
}

// readAllDetails reads accounts from files, or else from a server, of which it returns the client.
func (p *program) readAllDetails(ctx context.Context, f *clientFlags, files []string, d *authdetails.Details) (*client, error) {
	for _, name := range files {
		file, err := p.open("--details", name)
		if err != nil {
			return nil, err
		}
		err = d.Read(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(files) > 0 {
		return nil, nil
	}
	c, err := p.dial(ctx, f, func(cfg aws.Config) *string { return cfg.BaseEndpoint })
	if err != nil {
		return nil, fmt.Errorf("--details is missing, and %w", err)
	}
	return c, c.told(c.readAccounts(d))
}

// readAccounts reads all accounts of a server. Who may not, reads the caller's own, and is told so; so is one who asks a server that
// does not have the operation.
func (c *client) readAccounts(d *authdetails.Details) error {
	denied := c.eachDetailsPage(func(page *writapi.GetOrganizationAuthorizationDetailsOutput) error { return c.readPage(d, page) })
	if denied == nil || len(d.Accounts) > 0 || !notForAll(denied) {
		return denied
	}
	pages := api.NewGetAccountAuthorizationDetailsPaginator(api.NewFromConfig(c.config), &api.GetAccountAuthorizationDetailsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(c.ctx)
		if err != nil {
			return err
		}
		if err := c.readPage(d, page); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.stderr, "writ: only the caller's account is read, without SCPs: %s\n", printable(c.told(denied).Error()))
	return nil
}

// readPage reads what a server answered.
func (c *client) readPage(d *authdetails.Details, page any) error {
	text, err := json.Marshal(page)
	if err != nil {
		return err
	}
	if err := d.Read(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("%s: %w", c.endpoint, err)
	}
	return nil
}

// notForAll reports whether an error means that the caller may not read all accounts, or that the server has no operation for it.
func notForAll(err error) bool {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return slices.Contains([]string{"AccessDenied", "InvalidAction", "UnknownOperationException"}, api.ErrorCode())
	}
	_, other := errors.AsType[*notWritError](err)
	return other
}

// addVersions asks a server for the versions in question of a managed policy: what it says of an account has of those that it does
// not own the one in force alone.
func (c *client) addVersions(d *authdetails.Details, f *affectedFlags, name string) error {
	m, err := policyIn(d, name)
	if err != nil {
		return err
	}
	if _, shipped := managed.Lookup(name); m == nil && !shipped { // a publisher's, perhaps, that is attached nowhere
		return c.addUnattached(d, name)
	}
	if m == nil || !strings.HasPrefix(m.ARN, ownersARN) { // attached nowhere, or there with all versions
		return nil
	}
	versions, err := c.policyVersions(m.ARN)
	if err != nil {
		return err
	}
	var ids []string // newest first
	for _, v := range versions {
		ids = append(ids, *v.VersionId)
	}
	wanted := []string{f.from.text, f.to.text}
	if !f.from.given() {
		if i := slices.Index(ids, cmp.Or(f.to.text, m.Default)); i >= 0 && i+1 < len(ids) {
			wanted = append(wanted, ids[i+1])
		}
	}
	for _, id := range wanted {
		if !slices.Contains(ids, id) || m.Versions[id] != nil {
			continue
		}
		text, err := c.policyDocument(m.ARN, id)
		if err != nil {
			return err
		}
		if m.Versions[id], err = policy.Parse([]byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// addUnattached adds an owner's policy that no account has.
func (c *client) addUnattached(d *authdetails.Details, name string) error {
	at, err := c.ownersPolicy(name)
	if err != nil || at == nil {
		return err
	}
	m := &authdetails.Managed{ARN: at.Policy.ARN, Name: at.Policy.Name, Default: at.ID, Versions: map[string]*policy.Document{}}
	for _, v := range at.Policy.Versions() {
		if m.Versions[v.ID], err = policy.Parse(v.Document()); err != nil {
			return fmt.Errorf("%s: %w", v.Ref(), err)
		}
	}
	d.Policies[m.ARN] = m
	return nil
}

// policyIn finds a managed policy of what was read by its ARN or its name, which may be that of a policy in each of several accounts.
// It is nil if there is none.
func policyIn(d *authdetails.Details, name string) (*authdetails.Managed, error) {
	if m := d.Policies[name]; m != nil {
		return m, nil
	}
	var arns []string
	for arn, m := range d.Policies {
		if m.Name == name {
			arns = append(arns, arn)
		}
	}
	switch len(arns) {
	case 0:
		return nil, nil
	case 1:
		return d.Policies[arns[0]], nil
	}
	slices.Sort(arns)
	return nil, fmt.Errorf("%s is the name of %d policies; give the ARN of one: %s", name, len(arns), few(arns, 4))
}

// updateOf finds the two versions of a managed policy, given by name or ARN.
func updateOf(d *authdetails.Details, name, from, to string) (u affected.Update, before, after string, err error) {
	var versions []string // oldest first
	find := func(id string) (*policy.Document, error) { return nil, nil }
	if shipped, ok := managed.Lookup(name); ok {
		u.ARN = shipped.ARN
		for _, v := range shipped.Versions() {
			versions = append(versions, v.ID)
		}
		find = func(id string) (*policy.Document, error) {
			v, ok := shipped.Version(id)
			if !ok {
				return nil, nil
			}
			return policy.Parse(v.Document())
		}
	}
	m, err := policyIn(d, name)
	if err != nil {
		return u, "", "", err
	}
	if m != nil {
		u.ARN = m.ARN
		shipped := find
		find = func(id string) (*policy.Document, error) {
			if doc := m.Versions[id]; doc != nil {
				return doc, nil
			}
			return shipped(id)
		}
		for id := range m.Versions {
			if !slices.Contains(versions, id) {
				versions = append(versions, id)
			}
		}
	}
	if u.ARN == "" {
		_, err := managed.Find(name)
		return u, "", "", cmpError(err, fmt.Errorf("no managed policy %q is known", name))
	}
	slices.SortFunc(versions, func(a, b string) int { return versionOf(a) - versionOf(b) })
	if before, after = from, to; after == "" {
		after = versions[len(versions)-1]
	}
	if before == "" {
		i := slices.Index(versions, after)
		if i < 1 {
			return u, "", "", fmt.Errorf("--from is missing; no version before %s of %s is known", after, name)
		}
		before = versions[i-1]
	}
	for id, to := range map[string]**policy.Document{before: &u.Before, after: &u.After} {
		if *to, err = find(id); err != nil {
			return u, "", "", err
		}
		if *to == nil {
			return u, "", "", fmt.Errorf("no version %s of %s is known; there are %s", id, name, few(versions, 12))
		}
	}
	if before == after {
		return u, "", "", errors.New("--from and --to are the same version")
	}
	return u, before, after, nil
}

func cmpError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func versionOf(id string) (n int) {
	fmt.Sscanf(id, "v%d", &n)
	return n
}

// documentInForce returns the default version of a managed policy: as the account has it, or of the catalogue.
func documentInForce(d *authdetails.Details, arn string) *policy.Document {
	if m := d.Policies[arn]; m != nil {
		return m.Versions[m.Default]
	}
	if p, ok := managed.Lookup(arn); ok {
		if doc, err := policy.Parse(p.Default().Document()); err == nil {
			return doc
		}
	}
	return nil
}

// affectedJSON is who is affected, in JSON.
type affectedJSON struct {
	ARN     string     `json:"arn"`
	Kind    string     `json:"kind"` // "user" or "role"
	Account string     `json:"account"`
	Via     []string   `json:"via"`     // "attached", "boundary", "group NAME"
	Verdict string     `json:"verdict"` // in effect
	Gains   []gainJSON `json:"gains"`
	Loses   []gainJSON `json:"loses"`
	Unknown []string   `json:"unknown"` // why it is not known whether there is more
	Missing []string   `json:"missing"` // ARNs of other managed policies of which no document is known
}

type gainJSON struct {
	Actions []string     `json:"actions"`
	When    string       `json:"when"`
	Witness *pdp.Request `json:"witness"`
}

func newAffectedJSON(r *affected.Reached) affectedJSON {
	j := affectedJSON{
		ARN: r.Entity.ARN, Kind: r.Entity.Kind, Account: r.Entity.Account, Via: r.Via, Verdict: r.Change.Verdict.String(),
		Gains: []gainJSON{}, Loses: []gainJSON{}, Unknown: []string{}, Missing: append([]string{}, r.Missing...),
	}
	for _, side := range []struct {
		of *prove.Result
		to *[]gainJSON
	}{{r.Change.Adds, &j.Gains}, {r.Change.Removes, &j.Loses}} {
		for i := range side.of.Differences {
			d := &side.of.Differences[i]
			*side.to = append(*side.to, gainJSON{slices.Concat(d.Actions, d.Patterns), d.When, pdp.RequestOf(&d.Witness)})
		}
		for _, u := range side.of.Unknown {
			j.Unknown = append(j.Unknown, u.Reason)
		}
	}
	return j
}

func (p *program) printAffected(name, from, to string, list []affected.Reached, witness bool) {
	if len(list) == 0 {
		p.print("nobody  %s is attached to no user, group or role, and is nobody's boundary", printable(name))
		return
	}
	changed := 0
	for i := range list {
		if list[i].Change.Verdict != prove.Equivalent {
			changed++
		}
	}
	p.print("%s %s to %s reaches %d, and changes something for %d", printable(name), from, to, len(list), changed)
	for i := range list {
		r := &list[i]
		word := "nothing new"
		if v := r.Change.Verdict; v != prove.Equivalent {
			word = p.screen.verdict(v.String())
		}
		p.print("\n%s  %s  (%s)", printable(r.Entity.ARN), word, printable(strings.Join(r.Via, ", ")))
		for _, side := range []struct {
			word string
			of   *prove.Result
		}{{"gains", r.Change.Adds}, {"loses", r.Change.Removes}} {
			for k := range side.of.Differences {
				d := &side.of.Differences[k]
				p.print("  %s  %s", side.word, printable(strings.TrimSpace(few(slices.Concat(d.Actions, d.Patterns), 8)+"  "+d.When)))
				if witness {
					text, err := json.Marshal(pdp.RequestOf(&d.Witness))
					if err == nil {
						p.print("         %s", printable(string(text)))
					}
				}
			}
			for _, u := range side.of.Unknown {
				p.print("  unknown whether it %s more: %s", side.word, printable(u.Reason))
			}
		}
		for _, arn := range r.Missing {
			p.print("  left out  %s, of which no document is known", printable(arn))
		}
	}
}

// accountsRead says which accounts were read, and whether their SCPs count.
func accountsRead(d *authdetails.Details, given bool) string {
	var with, without []string
	for _, a := range d.Accounts {
		text := a.ID
		if a.Name != "" {
			text += " (" + a.Name + ")"
		}
		if a.Placed || given {
			with = append(with, text)
		} else {
			without = append(without, text)
		}
	}
	scps := "the SCPs above"
	if given {
		scps = "the SCPs of --scp"
	}
	text := "read  nothing"
	if len(with) > 0 {
		text = fmt.Sprintf("read  with %s: %s", scps, few(with, 12))
	}
	if len(without) > 0 {
		if text += "; "; len(with) == 0 {
			text = "read  "
		}
		text += "without SCPs: " + few(without, 12)
	}
	return text
}
