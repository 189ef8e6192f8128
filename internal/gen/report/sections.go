package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
)

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func percent(n, of int) string { return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of)) }

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

func day(v *managed.Version) string {
	if v.Created.IsZero() {
		return "unknown"
	}
	return v.Created.Format(time.DateOnly)
}

func (r *report) head() {
	policies, several, missing, across := 0, 0, 0, 0
	for _, p := range managed.All() {
		policies++
		steps := history.Steps(p)
		if len(steps) > 1 {
			several++
		}
		for i, s := range steps {
			missing += s.Missing()
			if i > 0 && s.Missing() > 0 {
				across++
			}
		}
	}
	updates := len(r.updates[0])
	r.line("# What the updates of AWS managed policies meant")
	r.line("")
	r.line("AWS says of its managed policies that permissions are added and not removed. This page holds each version against the one before")
	r.line("it, by what they allow and not by their text: %s updates of %s policies that have several versions, of %s in all.", thousands(updates), thousands(several), thousands(policies))
	r.line("Each answer is a proof, or has a request that package `eval` allows before and not after; what could not be decided is said to be unknown.")
	r.line("The page is written by")
	r.line("")
	r.line("    go run ./internal/gen/report")
	r.line("")
	r.line("and `writ catalog audit` prints the same updates, each with its request. %s versions that AWS's numbers have are not in the catalogue; %s", thousands(missing), thousands(across))
	r.line("updates are across such a gap, and compared as they stand. Whether each version was once the default is not known. The service reference is")
	r.line("that of %s.", authref.AsOf)
	r.line("")
	r.line("In the *open* universe all counts that could be a request, misspelled actions and services that are no more included. In the")
	r.line("*reference* universe only actions, resource types and condition keys of today's service reference count: what is lost there, some request")
	r.line("of today can miss.")
	r.line("")
}

func (r *report) verdicts() {
	r.line("## Verdicts")
	r.line("")
	r.line("| verdict | open | | reference | |")
	r.line("|---|--:|--:|--:|--:|")
	all := len(r.updates[0])
	count := func(u prove.Universe, of func(*history.Update) bool) (n int) {
		for _, x := range r.updates[u] {
			if of(x) {
				n++
			}
		}
		return n
	}
	row := func(name string, of func(*history.Update) bool) {
		open, reference := count(prove.Open, of), count(prove.Reference, of)
		r.line("| %s | %s | %s | %s | %s |", name, thousands(open), percent(open, all), thousands(reference), percent(reference, all))
	}
	meaning := map[history.Verdict]string{
		history.Broader: "broader: it only added", history.Equivalent: "equivalent: it changed nothing in access", history.Narrower: "narrower: it only removed",
		history.Incomparable: "incomparable: it added and removed", history.Unknown: "unknown",
	}
	for _, v := range history.Verdicts[1:] {
		row(meaning[v], func(u *history.Update) bool { return u.Verdict == v })
	}
	row("**took access away**", (*history.Update).Lost)
	policies := func(u prove.Universe) int {
		set := map[*managed.Policy]bool{}
		for _, x := range r.updates[u] {
			if x.Lost() {
				set[x.After.Policy] = true
			}
		}
		return len(set)
	}
	r.line("")
	r.line("%d policies lost access at least once in the open universe, %d in the reference universe.", policies(prove.Open), policies(prove.Reference))
	r.line("")
}

func (r *report) years() {
	r.line("## By year")
	r.line("")
	r.line("In the open universe; the last columns are the updates that took access away.")
	r.line("")
	r.line("| year | updates | broader | equivalent | narrower | incomparable | unknown | took away | |")
	r.line("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	by := map[string][]*history.Update{}
	for _, u := range r.updates[prove.Open] {
		year := "unknown"
		if !u.After.Created.IsZero() {
			year = fmt.Sprint(u.After.Created.Year())
		}
		by[year] = append(by[year], u)
	}
	for _, year := range slices.Sorted(maps.Keys(by)) {
		n, lost := map[history.Verdict]int{}, 0
		for _, u := range by[year] {
			n[u.Verdict]++
			if u.Lost() {
				lost++
			}
		}
		r.line("| %s | %d | %d | %d | %d | %d | %d | %d | %s |", year, len(by[year]), n[history.Broader], n[history.Equivalent], n[history.Narrower], n[history.Incomparable], n[history.Unknown], lost, percent(lost, len(by[year])))
	}
	most, sum := "", 0
	equivalent := func(year string) (n int) {
		for _, u := range by[year] {
			if u.Verdict == history.Equivalent {
				n++
			}
		}
		return n
	}
	for year := range by {
		sum += equivalent(year)
		if most == "" || equivalent(year) > equivalent(most) {
			most = year
		}
	}
	r.line("")
	r.line("%d of the %d updates that changed nothing in access were made in %s.", equivalent(most), sum, most)
	r.line("")
}

func (r *report) unknown() {
	r.line("## What is not known")
	r.line("")
	r.line("Of these actions it could not be decided, within the bounds, whether the update changed them.")
	r.line("")
	r.line("| update | universe | actions | was it | why |")
	r.line("|---|---|---|---|---|")
	for _, list := range r.updates {
		for _, u := range list {
			for _, removal := range []bool{true, false} {
				var actions, reasons []string
				for _, d := range u.Unknown {
					if d.Removal == removal {
						actions, reasons = append(actions, d.Actions...), append(reasons, d.Reason)
					}
				}
				if len(actions) > 0 {
					was := map[bool]string{true: "removed", false: "added"}[removal]
					r.line("| %s | %s | `%s` | %s | %s |", u.After.Ref(), u.Universe, strings.Join(unique(actions), "` `"), was, cell(strings.Join(unique(reasons), "; ")))
				}
			}
		}
	}
	r.line("")
}

// cell makes a text fit into a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;").Replace(text)
}

const (
	maxServices = 3
	maxNames    = 3
	maxWhen     = 90
)

// compact lists the actions of changes: by service, a few by name.
func compact(changes []history.Change, services int) string {
	var parts []string
	shares := history.Shares(changes)
	slices.SortStableFunc(shares, func(x, y history.Share) int { return len(y.Names) - len(x.Names) })
	for i, s := range shares {
		if i == services && len(shares) > services+1 {
			n := 0
			for _, s := range shares[i:] {
				n += len(s.Names)
			}
			parts = append(parts, fmt.Sprintf("%d of %d more services", n, len(shares)-i))
			break
		}
		if len(s.Names) > maxNames {
			var levels []string
			for _, c := range s.Levels {
				levels = append(levels, fmt.Sprintf("%d %s", c.N, strings.ToLower(cmp.Or(c.Level.String(), "other"))))
			}
			parts = append(parts, fmt.Sprintf("`%s:` %s", s.Service, strings.Join(levels, ", ")))
			continue
		}
		parts = append(parts, "`"+strings.Join(s.Names, "`, `")+"`")
	}
	return strings.Join(parts, "; ")
}

// circumstances says under which conditions the changes are.
func circumstances(changes []history.Change) string {
	var list []string
	for _, c := range changes {
		if !slices.Contains(list, c.When) {
			list = append(list, c.When)
		}
	}
	text := list[0]
	if r := []rune(text); len(r) > maxWhen {
		text = string(r[:maxWhen-1]) + "…"
	}
	switch {
	case len(list) == 1:
		return cell(cmp.Or(text, "always"))
	case text == "":
		return fmt.Sprintf("some always, others under %d conditions", len(list)-1)
	}
	return cell(text) + fmt.Sprintf("; and %d more", len(list)-1)
}

// largest lists the updates that took most actions away altogether, and what the next version gave back.
func (r *report) largest() {
	type loss struct {
		u          *history.Update
		gone, back []string
	}
	var losses []loss
	list := r.updates[prove.Reference]
	for i, u := range list {
		l := loss{u: u}
		for _, c := range u.Removed {
			if c.When == "" {
				l.gone = append(l.gone, c.Actions...)
			}
		}
		if i+1 < len(list) && list[i+1].After.Policy == u.After.Policy {
			_, l.back = split(unique(l.gone), names(list[i+1].Added))
		}
		losses = append(losses, l)
	}
	slices.SortStableFunc(losses, func(x, y loss) int { return len(y.gone) - len(x.gone) })
	r.line("## The largest losses")
	r.line("")
	r.line("By the actions that the update took away altogether, in the reference universe, and how many of them the next version gave back.")
	r.line("")
	r.line("| update | date | actions | given back | added by the update |")
	r.line("|---|---|--:|--:|--:|")
	for _, l := range losses[:10] {
		r.line("| %s | %s | %s | %s | %s |", l.u.After.Ref(), day(l.u.After), thousands(len(l.gone)), thousands(len(l.back)), thousands(len(names(l.u.Added))))
	}
	r.line("")
}

func (r *report) losses() {
	open, reference := 0, 0
	for i, u := range r.updates[prove.Open] {
		if u.Lost() {
			open++
		}
		if r.updates[prove.Reference][i].Lost() {
			reference++
		}
	}
	r.line("## Updates that took access away")
	r.line("")
	r.line("These are the %d of the reference universe: something that a request of today could ask for was allowed before and not after.", reference)
	r.line("%d more took away only what the service reference does not have: misspelled actions, services that are no more. `writ catalog audit`", open-reference)
	r.line("lists all, with a request for each. What is removed is counted by access level where it is more than %d actions of a service.", maxNames)
	r.line("A condition that begins with *except* is where the newer version still allows it.")
	r.line("")
	r.line("| policy | version | date | removed | under which conditions |")
	r.line("|---|---|---|---|---|")
	for _, u := range r.updates[prove.Reference] {
		if u.Lost() {
			gap := ""
			if n := u.Missing(); n > 0 {
				gap = fmt.Sprintf(" (from %s)", u.Before.ID)
			}
			r.line("| %s | %s%s | %s | %s | %s |", u.After.Policy.Name, u.After.ID, gap, day(u.After), compact(u.Removed, maxServices), circumstances(u.Removed))
		}
	}
}

func (r *report) amplify(ctx context.Context, cache history.Cache) error {
	p, _ := managed.Lookup("AdministratorAccess-Amplify")
	a := history.Announced(p)
	r.line("## AdministratorAccess-Amplify beside its announcements")
	r.line("")
	r.line("AWS's [page on Amplify](%s) keeps a table of changes since %s, taken here as of %s. Its rows are beside the versions made on", a.Page.URL, a.Page.Since.Format(time.DateOnly), a.Page.AsOf.Format(time.DateOnly))
	r.line("their days or at most a week before; what they are about is in our words.")
	r.line("")
	r.line("| version | date | open | reference | added | removed | announced |")
	r.line("|---|---|---|---|---|---|---|")
	var silent []string
	for _, s := range history.Steps(p) {
		open, err := s.Update(ctx, history.Options{Cache: cache})
		if err != nil {
			return err
		}
		reference, err := s.Update(ctx, history.Options{Cache: cache, Universe: prove.Reference})
		if err != nil {
			return err
		}
		said := ""
		for _, row := range a.Of(s.After) {
			said = row.Date.Format(time.DateOnly) + ": " + row.About
		}
		if a.Silent(s.After) {
			said = "**no row**"
			silent = append(silent, s.After.ID)
		}
		r.line("| %s | %s | %s | %s | %s | %s | %s |", s.After.ID, day(s.After), open.Verdict, reference.Verdict, compact(open.Added, 4), compact(open.Removed, 4), said)
		for _, row := range a.Between(s.After) {
			r.line("| **no version** | | | | | | %s: %s |", row.Date.Format(time.DateOnly), row.About)
		}
	}
	blame, err := history.Blame(ctx, p, history.Options{Cache: cache})
	if err != nil {
		return err
	}
	r.line("")
	const block = "s3:PutBucketPublicAccessBlock"
	for i := range blame {
		if b := &blame[i]; b.Action == block {
			r.line("The page has no row for %s, the only version that took something away. For its row of %s there is no version: the action that blocks public", strings.Join(silent, " and "), a.Unanswered[0].Date.Format(time.DateOnly))
			r.line("access to a bucket, `%s`, came with %s of %s.", block, b.Since().ID, day(b.Since()))
		}
	}
	r.line("")
	return nil
}
