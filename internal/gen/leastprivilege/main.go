// Command leastprivilege writes docs/least-privilege.md: what deploying apps needs, beside what AdministratorAccess-Amplify allows. All
// figures are computed here.
//
//	go run ./internal/gen/leastprivilege ../shared/data/templates/*/gen*
//
// Each argument is a folder with the templates of an app.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/cfn"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

const managedPolicy = "AdministratorAccess-Amplify"

func main() {
	log.SetFlags(0)
	log.SetPrefix("leastprivilege: ")
	out := flag.String("o", "docs/least-privilege.md", "`file` to write")
	flag.Parse()
	if flag.NArg() == 0 {
		log.Fatal("name folders with the templates of apps")
	}
	var apps []*app
	for _, folder := range flag.Args() {
		a, err := newApp(folder)
		if err != nil {
			log.Fatal(err)
		}
		apps = append(apps, a)
	}
	text, err := report(context.Background(), apps)
	if err == nil {
		err = os.WriteFile(*out, text, 0o666)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// An app is one, with what it needs.
type app struct {
	name    string
	stacks  []*needs.Stack
	tool    needs.Tool
	calls   []needs.Call // those that are certain
	upper   []needs.Call
	unknown []needs.Unknown
	least   []*policy.Document
}

func newApp(folder string) (*app, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.*"))
	if err != nil {
		return nil, err
	}
	var templates []*needs.Template
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		t, err := cfn.Read(file, src)
		if err != nil {
			return nil, err
		}
		templates = append(templates, t)
	}
	a := &app{name: filepath.Base(filepath.Dir(folder)) + " " + filepath.Base(folder), tool: needs.ToolOf(templates)}
	const stack = "amplify-app-main"
	if a.stacks, err = needs.Evaluate(templates, needs.Deployment{StackName: stack, Partition: "aws", Parameters: a.tool.Parameters(stack)}); err != nil {
		return nil, err
	}
	calls, unknown := needs.Calls(a.stacks, needs.CallOptions{Tool: a.tool})
	a.unknown = unknown
	for _, c := range calls {
		if c.Certain() {
			a.calls = append(a.calls, c)
		} else {
			a.upper = append(a.upper, c)
		}
	}
	a.least, err = needs.Least(a.calls, needs.LeastOptions{})
	return a, err
}

func report(ctx context.Context, apps []*app) ([]byte, error) {
	var b bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	v, err := managed.Find(managedPolicy)
	if err != nil {
		return nil, err
	}
	doc, err := policy.Parse(v.Document())
	if err != nil {
		return nil, err
	}
	theirs := prove.Policies{Identity: []*policy.Document{doc}}
	whole, err := needs.MeasureOf(ctx, theirs)
	if err != nil {
		return nil, err
	}
	line("# What deployed Amplify backends need")
	line("")
	line("The templates of apps as Amplify's tools made them, by the first and by the second generation: what deploying each for the first time needs, and how much")
	line("%s allows beside the least policy that `writ needs --policy` makes ([how](needs.md)). The engine allows all calls by the least policy, and the prover", v.Ref())
	line("has compared it with AWS's. The page is written by")
	line("")
	line("    go run ./internal/gen/leastprivilege ../shared/data/templates/*/gen*")
	line("")
	line("| app | stacks | resources | calls | actions | kinds of resources unknown |")
	line("|---|--:|--:|--:|--:|---|")
	for _, a := range apps {
		resources, actions := 0, map[string]bool{}
		for _, s := range a.stacks {
			resources += len(s.Resources)
		}
		for i := range a.calls {
			actions[a.calls[i].Action] = true
		}
		line("| %s | %d | %d | %d | %d | %s |", a.name, len(a.stacks), resources, len(a.calls), len(actions), unknownOf(a))
	}
	line("")
	line("Calls are those of the first deployment that CloudFormation makes for certain, and of the tool itself. What its handlers may read besides, and do without, is not counted.")
	line("")
	line("## The least policy beside %s", v.Ref())
	line("")
	line("Actions are those of the service reference that a policy allows under whatever conditions; *directly* those that it allows not only when CloudFormation calls. Methods are")
	line("those of [privilege escalation](escalation.md) that its holder can use.")
	line("")
	line("| | policies | actions | directly | methods of escalation |")
	line("|---|--:|--:|--:|--:|")
	line("| **%s** | 1 | %d | %d | %d |", v.Ref(), whole.Actions, whole.Direct, len(whole.Methods))
	var beyond, left []string
	everywhere := slices.Clone(whole.Methods) // closed by all the least policies
	for _, a := range apps {
		ours := prove.Policies{Identity: a.least}
		m, err := needs.MeasureOf(ctx, ours)
		if err != nil {
			return nil, err
		}
		line("| %s | %d | %d | %d | %d |", a.name, len(a.least), m.Actions, m.Direct, len(m.Methods))
		closed := m.Closed(whole)
		everywhere = slices.DeleteFunc(everywhere, func(id string) bool { return !slices.Contains(closed, id) })
		docs, err := needs.Least(a.calls, needs.LeastOptions{Boundary: "arn:aws:iam::111122223333:policy/edge"})
		if err != nil {
			return nil, err
		}
		bounded, err := needs.MeasureOf(ctx, prove.Policies{Identity: docs})
		if err != nil {
			return nil, err
		}
		left = append(left, fmt.Sprintf("| %s | %s | %s |", a.name, codes(m.Methods), codes(bounded.Closed(m))))
		outside, err := prove.Exceeds(ctx, ours, theirs, prove.Options{Universe: prove.Reference, MaxStates: needs.States})
		if err != nil {
			return nil, err
		}
		names := map[string]bool{}
		for i := range outside.Differences {
			for _, action := range outside.Differences[i].Actions {
				names[action] = true
			}
		}
		denied, err := denials(a, doc)
		if err != nil {
			return nil, err
		}
		said := "yes, proved"
		switch outside.Answer {
		case prove.Unknown:
			said = "not known: " + outside.Unknown[0].Reason
		case prove.Refuted:
			said = "no: " + codes(slices.Sorted(maps.Keys(names)))
		}
		beyond = append(beyond, fmt.Sprintf("| %s | %s | %d of %d |", a.name, said, denied, len(a.calls)))
	}
	line("")
	line("## Methods of escalation closed")
	line("")
	line("Of the %d methods that the holder of %s can use, the least policies of all these apps close %d: %s.", len(whole.Methods), v.Ref(), len(everywhere), codes(everywhere))
	line("")
	line("`writ escalate methods` says what each is. Left is what can be done with calls that the app's deployment makes; with `--require-boundary`, so that roles are made with a permissions")
	line("boundary only, fewer are.")
	line("")
	line("| app | methods left | of these, closed with a boundary |")
	line("|---|---|---|")
	for _, text := range left {
		line("%s", text)
	}
	line("")
	line("## Would %s deploy them?", v.Ref())
	line("")
	line("| app | the least policy lies within it | calls that it denies |")
	line("|---|---|--:|")
	for _, text := range beyond {
		line("%s", text)
	}
	return b.Bytes(), nil
}

// codes writes names as code, with commas between them.
func codes(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "`" + strings.Join(names, "`, `") + "`"
}

// unknownOf names the types of resources of which it is not known what they need.
func unknownOf(a *app) string {
	types := map[string]bool{}
	for _, u := range a.unknown {
		types[u.Resource.Type] = true
	}
	return codes(slices.Sorted(maps.Keys(types)))
}

// denials counts the calls that a policy denies.
func denials(a *app, doc *policy.Document) (int, error) {
	compiled, err := eval.Compile(doc, eval.Identity)
	if err != nil {
		return 0, err
	}
	who, err := eval.ParsePrincipal("arn:aws:sts::111122223333:assumed-role/deployer/session")
	if err != nil {
		return 0, err
	}
	denied, err := needs.Decide(a.calls, &needs.Deployer{Policies: &eval.Policies{Identity: []*eval.Policy{compiled}}, Principal: who, Account: "111122223333", Region: "us-east-1"})
	return len(denied), err
}
