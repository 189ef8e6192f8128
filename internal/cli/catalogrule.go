package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/actionsource"
	"github.com/writ-iam/writ/internal/jobfunction"
	"github.com/writ-iam/writ/internal/writapi"
)

const ruleHelp = `Print the policy document that a rule over the service reference makes. A rule is a JSON object:

  {"AccessLevels": ["List", "Read"],
   "Except": {"Services": ["secretsmanager"], "Actions": ["s3:GetObject", "*:*Secret*"]}}

It grants all actions of its access levels (List, Read, Write, Tagging, Permissions management), of its
Services (all, if it has none), and those of Also; but nothing that Except names. Names may be patterns
with * and ?. A name that nothing has is an error; a pattern in Except may be for what comes, and one
that matches nothing yet is told on standard error. A Sid names the statement.

The document lists each action by its name, so that it grants what the reference has and nothing that
comes later. With "Patterns": true it is short: actions that begin alike are one pattern, which
matches no action of the reference that the rule does not grant, but may match later ones.

The reference is the one that is built in. With --reference it is a newer one, as writ reference
update reads it.

Exit status: 0, or 2 for an error.`

func (p *program) catalogRule() *cobra.Command {
	var from once
	var asJSON bool
	c := &cobra.Command{
		Use:   "rule FILE",
		Short: "Print the document that a rule over access levels makes",
		Long:  ruleHelp,
		Example: `  writ catalog rule readers.json
  writ catalog rule readers.json --json
  writ catalog rule readers.json > readers-policy.json
  writ diff ReadOnlyAccess readers-policy.json --universe reference`,
		Args:    arguments("FILE"),
		PreRunE: func(c *cobra.Command, _ []string) error { return checkOnce(c.Flags()) },
		RunE: func(_ *cobra.Command, args []string) error {
			ref, name := actions.Shipped(), writapi.ShippedReference
			if from.given() {
				newer, err := readReference(from.text)
				if err != nil {
					return fmt.Errorf("--reference %s: %w", from.text, err)
				}
				ref, name = ref.Merge(newer.Reference, newer.Complete), newer.Name
			}
			return p.printRule(args[0], ref, name, asJSON)
		},
	}
	c.Flags().Var(&from, "reference", "`file` or folder of a newer service reference")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON: facts about the document, and the document")
	return c
}

// ruleJSON is what a rule makes, in JSON.
type ruleJSON struct {
	Rule       json.RawMessage `json:"rule"`
	Reference  string          `json:"reference"`
	Actions    int             `json:"actions"`    // that it grants
	Entries    int             `json:"entries"`    // of the Action element: as many, or fewer patterns
	Characters int             `json:"characters"` // without white space
	Document   json.RawMessage `json:"document"`
}

func (p *program) printRule(file string, ref *actions.Reference, name string, asJSON bool) error {
	r, err := p.readRule("FILE", file)
	if err != nil {
		return err
	}
	if err := r.Check(ref); err != nil {
		return r.from.placed(err)
	}
	doc, err := r.Document(ref)
	if err != nil {
		return fmt.Errorf("%s: %w", r.from, err)
	}
	text := doc.Format()
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return err
	}
	facts := ruleJSON{r.Format(), name, len(r.Actions(ref)), len(doc.Statements[0].Action.Values), compact.Len(), compact.Bytes()}
	for _, e := range r.Idle(ref) {
		fmt.Fprintf(p.stderr, "writ: %s, yet\n", printable(r.from.placed(e).Error()))
	}
	if asJSON {
		return json.NewEncoder(p.stdout).Encode(facts)
	}
	if p.screen.terminal {
		fmt.Fprintf(p.stderr, "%d actions, %d characters, from %s\n", facts.Actions, facts.Characters, name)
	}
	p.print("%s", bytes.TrimSuffix(text, []byte("\n")))
	return nil
}

// A ruleFile is a rule, its text, and where it is from.
type ruleFile struct {
	*jobfunction.Rule
	text string
	from source
}

// readRule reads the rule in a file. The error names the place in it.
func (p *program) readRule(flag, name string) (*ruleFile, error) {
	in, err := p.open(flag, name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	from := source{file: nameOf(name)}
	text, err := io.ReadAll(io.LimitReader(in, jobfunction.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, reason(err))
	}
	r, err := jobfunction.Parse(text)
	return &ruleFile{r, string(text), from}, from.placed(err)
}

// readReference reads a service reference by what its name says that it is.
func readReference(name string) (*actionsource.Source, error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errors.New("no such file or folder")
	case err != nil:
		return nil, reason(err)
	case info.IsDir():
		return actionsource.Folder(os.DirFS(name))
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, reason(err)
	}
	defer file.Close()
	switch {
	case strings.HasSuffix(name, ".tgz"), strings.HasSuffix(name, ".tar.gz"):
		return actionsource.Package(file)
	case strings.HasSuffix(name, ".json"):
		return actionsource.File(file)
	}
	return nil, errors.New("expected a folder or a .json of AWS's service reference, or a .tgz of npm pack")
}
