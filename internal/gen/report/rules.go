package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/jobfunction"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// A rule allows all actions of some access levels, on everything.
type rule []authref.AccessLevel

func (l rule) String() string {
	var list []string
	for _, level := range l {
		list = append(list, level.String())
	}
	return strings.Join(list, ", ")
}

func (l rule) actions() []string {
	r := jobfunction.Rule{AccessLevels: l}
	return r.Actions(actions.Shipped())
}

func (l rule) policies() (prove.Policies, error) {
	r := jobfunction.Rule{AccessLevels: l}
	doc, err := r.Document(actions.Shipped())
	return prove.Policies{Identity: []*policy.Document{doc}}, err
}

// telling are actions that say what kind of thing a policy leaves out: those that hand out data, secrets and keys. Of these, the
// report names the ones that it finds.
var telling = []string{
	"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue", "ssm:GetParameter", "ssm:GetParameters", "s3:GetObject", "dynamodb:GetItem", "dynamodb:Scan",
	"sqs:ReceiveMessage", "kinesis:GetRecords", "logs:GetLogEvents", "logs:StartQuery", "lambda:GetFunction", "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "codecommit:GitPull",
	"codeartifact:GetAuthorizationToken", "athena:GetQueryResults", "rds-data:ExecuteStatement", "redshift-data:GetStatementResult", "connect:GetFederationToken",
	"apigateway:GET", "cognito-idp:ListUsers", "workmailmessageflow:GetRawMessageContent", "sts:GetFederationToken", "iam:GetContextKeysForCustomPolicy", "support:DescribeCases", "aws-portal:ViewBilling",
	"ce:GetCostAndUsage", "account:GetContactInformation", "ec2:GetPasswordData", "ec2:GetConsoleOutput", "kms:GetPublicKey", "glue:GetConnection", "neptune-db:ReadDataViaQuery", "geo:GetMapTile",
}

func (r *report) rules(ctx context.Context) error {
	r.line("## Rules over the service reference beside policies for job functions")
	r.line("")
	r.line("The service reference gives each of its %s actions one of five access levels. Could a rule over these stand for a policy that AWS keeps by hand?", thousands(len(rule(actions.Levels).actions())))
	r.line("The rule allows all actions of its levels on everything; both sides are compared in the reference universe. What AWS allows to everybody, such")
	r.line("as `sts:GetCallerIdentity`, is on neither side.")
	r.line("")
	pairs := []struct {
		rule rule
		name string
	}{
		{rule{authref.List, authref.Read}, "ReadOnlyAccess"},
		{rule{authref.List}, "ViewOnlyAccess"},
	}
	type side struct {
		title, other string
		gone         []string // what the other has under no circumstances
		partly       []string // what it has under fewer
	}
	var sides []side
	r.line("| rule | actions | policy | actions | in both | rule only | policy only | in the policy under conditions only |")
	r.line("|---|--:|---|--:|--:|--:|--:|--:|")
	for _, pair := range pairs {
		v, err := managed.Find(pair.name)
		if err != nil {
			return err
		}
		doc, err := policy.Parse(v.Document())
		if err != nil {
			return err
		}
		ruled, err := pair.rule.policies()
		if err != nil {
			return err
		}
		c, err := prove.Compare(ctx, ruled, prove.Policies{Identity: []*policy.Document{doc}}, prove.Options{Universe: prove.Reference})
		if err != nil {
			return err
		}
		if c.Adds.Answer == prove.Unknown || c.Removes.Answer == prove.Unknown || len(c.Adds.Unknown)+len(c.Removes.Unknown) > 0 {
			return fmt.Errorf("%s beside a rule is not known: %v %v", pair.name, c.Adds.Unknown, c.Removes.Unknown)
		}
		granted := r.granted[v]
		all, err := prove.Empty(ctx, ruled, prove.Options{Universe: prove.Reference})
		if err != nil {
			return err
		}
		ofRule := differing(all)
		ruleOnly, partly := split(differing(c.Removes), granted)
		policyOnly, narrow := split(differing(c.Adds), ofRule)
		if len(narrow) > 0 {
			return fmt.Errorf("%s allows %v where a rule without conditions does not", pair.name, narrow)
		}
		r.line("| %s | %s | %s | %s | %s | %s | %s | %s |", pair.rule, thousands(len(ofRule)), v.Ref(), thousands(len(granted)), thousands(len(ofRule)-len(ruleOnly)),
			thousands(len(ruleOnly)), thousands(len(policyOnly)), thousands(len(partly)))
		sides = append(sides, side{"The rule " + pair.rule.String() + " has, and " + pair.name + " has not", pair.name, ruleOnly, partly},
			side{pair.name + " has, and the rule " + pair.rule.String() + " has not", "the rule", policyOnly, nil})
	}
	r.line("")
	for _, s := range sides {
		r.line("### %s", s.title)
		r.line("")
		r.line("%s actions of %d services (%s).", thousands(len(s.gone)), len(byService(s.gone)), levelCounts(s.gone))
		r.line("The most are of %s.", mostServices(s.gone, 12))
		if some := found(s.gone); len(some) > 0 && len(s.gone) > 20 {
			r.line("Telling ones: `%s`.", strings.Join(some, "`, `"))
		}
		if len(s.gone) <= 20 {
			r.line("They are `%s`.", strings.Join(s.gone, "`, `"))
		}
		if len(s.partly) > 0 {
			r.line("On top of these, %s has `%s` under conditions or on some resources only.", s.other, strings.Join(s.partly, "`, `"))
		}
		r.line("")
	}
	r.nearest("SecurityAudit")
	return nil
}

// differing returns the actions of the differences.
func differing(result *prove.Result) (list []string) {
	for _, d := range result.Differences {
		for _, a := range d.Actions {
			if !strings.ContainsAny(a, "*?") {
				list = append(list, a)
			}
		}
	}
	return unique(list)
}

// split parts a list into what is not in a set, sorted, and what is.
func split(list, set []string) (out, in []string) {
	for _, a := range list {
		if _, ok := slices.BinarySearch(set, a); ok {
			in = append(in, a)
		} else {
			out = append(out, a)
		}
	}
	return out, in
}

func byService(actions []string) map[string]int {
	n := map[string]int{}
	for _, a := range actions {
		n[history.ServiceOf(a)]++
	}
	return n
}

func mostServices(actions []string, shown int) string {
	n := byService(actions)
	names := slices.SortedFunc(maps.Keys(n), func(x, y string) int {
		if n[x] != n[y] {
			return n[y] - n[x]
		}
		return strings.Compare(x, y)
	})
	var parts []string
	for _, s := range names[:min(len(names), shown)] {
		parts = append(parts, fmt.Sprintf("`%s` %d", s, n[s]))
	}
	return strings.Join(parts, ", ")
}

func levelCounts(actions []string) string {
	var parts []string
	for _, c := range history.CountLevels(actions) {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(c.N), c.Level))
	}
	return strings.Join(parts, ", ")
}

// found returns the telling actions that are in a list.
func found(list []string) []string {
	_, in := split(telling, list)
	return in
}

// nearest says which rule, and which other policy, a policy is nearest to.
func (r *report) nearest(name string) {
	p, _ := managed.Lookup(name)
	v := p.Default()
	granted := r.granted[v]
	r.line("### What %s is nearest to", name)
	r.line("")
	r.line("%s allows %s actions of the reference (%s). Two sets of actions are as near as the share of what either has that both have.", v.Ref(), thousands(len(granted)), levelCounts(granted))
	r.line("Of all 31 rules over access levels, and of all other policies' default versions, the nearest are:")
	r.line("")
	r.line("| rule or policy | actions | in both | nearness |")
	r.line("|---|--:|--:|--:|")
	type candidate struct {
		name       string
		n, both    int
		similarity float64
	}
	candidateOf := func(name string, actions []string) candidate {
		_, both := split(actions, granted)
		return candidate{name, len(actions), len(both), float64(len(both)) / float64(len(actions)+len(granted)-len(both))}
	}
	list := func(candidates []candidate) {
		slices.SortStableFunc(candidates, func(x, y candidate) int {
			switch {
			case x.similarity > y.similarity:
				return -1
			case x.similarity < y.similarity:
				return 1
			}
			return 0
		})
		for _, c := range candidates[:4] {
			r.line("| %s | %s | %s | %.2f |", c.name, thousands(c.n), thousands(c.both), c.similarity)
		}
	}
	administrator, _ := managed.Lookup("AdministratorAccess")
	decided := r.granted[administrator.Default()] // all that policies decide on
	var rules, policies []candidate
	for set := 1; set < 1<<len(actions.Levels); set++ {
		var l rule
		for i, level := range actions.Levels {
			if set>>i&1 == 1 {
				l = append(l, level)
			}
		}
		_, actions := split(unique(l.actions()), decided)
		rules = append(rules, candidateOf("rule: "+l.String(), actions))
	}
	for _, other := range managed.All() {
		if w := other.Default(); w != v {
			policies = append(policies, candidateOf(w.Ref(), r.granted[w]))
		}
	}
	list(rules)
	list(policies)
	reads := rule{authref.List, authref.Read}
	beyond, _ := split(granted, unique(reads.actions()))
	r.line("")
	r.line("So it lies within the rule %s but for `%s`, and is far from all of it: it has %s.", reads, strings.Join(beyond, "`, `"), shares(granted, decided, reads))
	r.line("")
}

// shares says how many of all actions of each level a list has.
func shares(list, decided []string, l rule) string {
	var parts []string
	for _, level := range l {
		_, all := split(unique(rule{level}.actions()), decided)
		_, both := split(all, list)
		parts = append(parts, fmt.Sprintf("%s of the %s %s actions (%s)", thousands(len(both)), thousands(len(all)), level, percent(len(both), len(all))))
	}
	return strings.Join(parts, ", ")
}
