package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/cachedir"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
)

// This file has what the commands on the history of managed policies have in common: log, blame and audit.

// historyFlags are the flags that say how updates are worked out.
type historyFlags struct {
	universe, cache once
	dir             *cachedir.Dir
}

func (h *historyFlags) add(c *cobra.Command) {
	c.Flags().Var(&h.universe, "universe", "`universe` of requests that count: open or reference (default: open)")
	c.Flags().Var(&h.cache, "cache", "`folder` that results are kept in (default: writ/history in the user's cache)")
	mustComplete(c, "universe", completeNames([]string{prove.Open.String(), prove.Reference.String()}))
}

// options reads the flags, and opens the cache. Where the user has no place for one, and named none, nothing is kept.
func (h *historyFlags) options() (o history.Options, err error) {
	if h.universe.given() {
		if o.Universe, err = prove.ParseUniverse(h.universe.text); err != nil {
			return o, fmt.Errorf("--universe: %w", err)
		}
	}
	path := h.cache.text
	if !h.cache.given() {
		user, err := os.UserCacheDir()
		if err != nil {
			return o, nil
		}
		path = filepath.Join(user, "writ", "history")
	}
	dir, err := cachedir.Open(path)
	if err != nil {
		if !h.cache.given() {
			return o, nil
		}
		return o, fmt.Errorf("--cache %s: nothing can be written there: %w", path, bare(err))
	}
	h.dir, o.Cache = dir, dir
	return o, nil
}

// bare returns the reason of an error about a file, without the file.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// closing says on standard error that results were not kept, where they should have been.
func (p *program) closing(h *historyFlags) {
	if h.dir != nil && h.dir.Err() != nil {
		fmt.Fprintf(p.stderr, "writ: results are not kept: %s\n", printable(h.dir.Err().Error()))
	}
}

// policyNamed returns the policy that an argument or a flag names, without a version.
func policyNamed(where, name string) (*managed.Policy, error) {
	v, err := managed.Find(name)
	if err != nil {
		return nil, err
	}
	return v.Policy, unversioned(where, name, v)
}

// unversioned is an error for a name that has a version, where all versions are meant.
func unversioned(where, name string, v *managed.Version) error {
	if strings.Contains(name, "@") {
		return fmt.Errorf("%s takes a policy without a version; leave out @%s", where, v.ID)
	}
	return nil
}

// A chronicle is what a command has to tell: a policy, and how its updates are worked out.
type chronicle struct {
	*found
	options history.Options
	json    bool
}

// historyCommand gives a command its work: on the history of one policy, of the catalogue or of a server. With --json it prints a line
// for each of what lines says.
func (p *program) historyCommand(c *cobra.Command, lines string, tell func(c *cobra.Command, h *chronicle) error) *cobra.Command {
	var flags historyFlags
	flags.add(c)
	f := newClientFlags(c)
	f.describeJSON(c, "a line for each "+lines)
	c.Args, c.ValidArgsFunction = arguments("NAME"), completeName
	c.RunE = func(c *cobra.Command, args []string) error {
		defer p.interruptible(c)()
		at, err := p.findPolicy(c.Context(), f, args[0])
		if err == nil {
			err = unversioned(c.CommandPath(), args[0], at.Version)
		}
		if err != nil {
			return err
		}
		options, err := flags.options()
		if err != nil {
			return err
		}
		defer p.closing(&flags)
		return tell(c, &chronicle{at, options, f.json})
	}
	return c
}

// updateJSON is an update in JSON. docs/history.md describes it.
type updateJSON struct {
	Policy      string                `json:"policy,omitempty"`
	Version     string                `json:"version"`
	Date        *time.Time            `json:"date"`
	Verdict     history.Verdict       `json:"verdict"`
	Universe    string                `json:"universe"`
	Added       []string              `json:"added"`
	Removed     []string              `json:"removed"`
	Note        string                `json:"note"`
	Announced   []announcementJSON    `json:"announced"`
	Previous    *string               `json:"previous"`
	Missing     int                   `json:"missing"`
	Services    []shareJSON           `json:"services"`
	Differences []changeJSON          `json:"differences"`
	Unknown     []history.Doubt       `json:"unknown"`
	Witness     *history.Request      `json:"witness,omitempty"`
	Escalation  *escalationChangeJSON `json:"escalation,omitempty"` // of writ catalog log
	Published   *publicationJSON      `json:"published,omitempty"`  // on a server
	Withdrawn   *publicationJSON      `json:"withdrawn,omitempty"`  // the policy, after its newest version
}

// escalationChangeJSON is what an update did to escalation. No list is null.
type escalationChangeJSON struct {
	Was    *history.Admin         `json:"was"` // null for the first version
	Is     history.Admin          `json:"is"`
	Opened []history.MethodChange `json:"opened"`
	Closed []history.MethodChange `json:"closed"`
}

func newEscalationChangeJSON(c *history.EscalationChange) *escalationChangeJSON {
	j := &escalationChangeJSON{Is: c.Is, Opened: c.Opened, Closed: c.Closed}
	if c.Was != "" {
		j.Was = &c.Was
	}
	if j.Opened == nil {
		j.Opened = []history.MethodChange{}
	}
	if j.Closed == nil {
		j.Closed = []history.MethodChange{}
	}
	return j
}

type announcementJSON struct {
	Date    string  `json:"date"`
	About   string  `json:"about"`
	Source  string  `json:"source"`
	Version *string `json:"version"` // null: no version was made for it
}

type shareJSON struct {
	Service string         `json:"service"`
	Added   map[string]int `json:"added"` // by access level
	Removed map[string]int `json:"removed"`
}

type changeJSON struct {
	Kind string `json:"change"` // "added" or "removed"
	history.Change
}

func newUpdateJSON(u *history.Update, a *history.Announcements) updateJSON {
	j := updateJSON{
		Version: u.After.ID, Verdict: u.Verdict, Universe: u.Universe.String(), Missing: u.Missing(),
		Added: history.Names(u.Added), Removed: history.Names(u.Removed), Note: note(u, a),
		Services: []shareJSON{}, Differences: []changeJSON{}, Unknown: []history.Doubt{},
	}
	for _, d := range u.Unknown {
		d.Actions = append([]string{}, d.Actions...)
		j.Unknown = append(j.Unknown, d)
	}
	if !u.After.Created.IsZero() {
		j.Date = &u.After.Created
	}
	if u.Before != nil {
		j.Previous = &u.Before.ID
	}
	if a.Covers(u.After) {
		j.Announced = []announcementJSON{}
		add := func(rows []history.Announcement, version *string) {
			for _, row := range rows {
				j.Announced = append(j.Announced, announcementJSON{row.Date.Format(time.DateOnly), row.About, a.Page.URL, version})
			}
		}
		add(a.Of(u.After), &u.After.ID)
		add(a.Between(u.After), nil)
	}
	levels := map[string]*shareJSON{}
	count := func(changes []history.Change, of func(*shareJSON) map[string]int) {
		for _, s := range history.Shares(changes) {
			if levels[s.Service] == nil {
				levels[s.Service] = &shareJSON{s.Service, map[string]int{}, map[string]int{}}
			}
			for _, c := range s.Levels {
				of(levels[s.Service])[levelName(c)] = c.N
			}
		}
	}
	count(u.Added, func(s *shareJSON) map[string]int { return s.Added })
	count(u.Removed, func(s *shareJSON) map[string]int { return s.Removed })
	for _, name := range slices.Sorted(maps.Keys(levels)) {
		j.Services = append(j.Services, *levels[name])
	}
	difference := func(change string, c history.Change) {
		c.Actions, c.Patterns = append([]string{}, c.Actions...), append([]string{}, c.Patterns...)
		j.Differences = append(j.Differences, changeJSON{change, c})
	}
	for _, c := range u.Removed {
		difference("removed", c)
	}
	for _, c := range u.Added {
		difference("added", c)
	}
	return j
}

// note says of a version what AWS's page says of it, or does not.
func note(u *history.Update, a *history.Announcements) string {
	if a == nil {
		return ""
	}
	var parts []string
	for _, row := range a.Of(u.After) {
		parts = append(parts, "announced on "+row.Date.Format(time.DateOnly)+": "+row.About)
	}
	if a.Silent(u.After) {
		parts = append(parts, "not announced: AWS's table of changes has no row for it")
	}
	for _, row := range a.Between(u.After) {
		parts = append(parts, "after it, on "+row.Date.Format(time.DateOnly)+", was announced what no version was made for: "+row.About)
	}
	return strings.Join(parts, "; ")
}

// levelName names an access level. Patterns, and actions that the service reference does not have, have none.
func levelName(c history.Count) string { return cmp.Or(c.Level.String(), "other") }

// The most that is printed of an update: services, names of one of these, and circumstances.
const (
	maxShares = 12
	maxNames  = 4
	maxWhens  = 3
	maxWhen   = 110 // characters
)

// changeLines prints what was added or removed, by service.
func (p *program) changeLines(sign string, changes []history.Change) {
	shares := history.Shares(changes)
	width := 0
	for _, s := range shares[:min(len(shares), maxShares)] {
		width = max(width, len(s.Service))
	}
	coloured := p.screen.green(sign)
	if sign == "-" {
		coloured = p.screen.red(sign)
	}
	for i, s := range shares {
		if i == maxShares {
			n := 0
			for _, s := range shares[i:] {
				n += len(s.Names)
			}
			p.print("  %s %s", coloured, printable(fmt.Sprintf("and of %s: %s", counted(len(shares)-i, "more service"), counted(n, "action"))))
			return
		}
		for _, text := range shareTexts(s) {
			p.print("  %s %s", coloured, printable(fmt.Sprintf("%-*s  %s", width, s.Service, text)))
		}
	}
}

// shareTexts puts the changes of one service into words: a text for each of the circumstances, the most frequent first.
func shareTexts(s history.Share) (texts []string) {
	whens := slices.SortedFunc(maps.Keys(s.When), func(x, y string) int {
		return cmp.Or(len(s.When[y])-len(s.When[x]), cmp.Compare(x, y))
	})
	for i, when := range whens {
		if i == maxWhens-1 && len(whens) > maxWhens {
			var names []string
			for _, when := range whens[i:] {
				names = append(names, s.When[when]...)
			}
			slices.Sort(names)
			return append(texts, nameList(s.Service, slices.Compact(names))+fmt.Sprintf("  under %d more conditions", len(whens)-i))
		}
		text := nameList(s.Service, s.When[when])
		if when != "" {
			text += "  " + shortened(when, maxWhen)
		}
		texts = append(texts, text)
	}
	return texts
}

// nameList lists some actions of a service without its prefix, and says of many of which access levels they are.
func nameList(service string, names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = name
		if prefix := service + ":"; len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			list[i] = name[len(prefix):]
		}
	}
	if len(list) <= maxNames {
		return strings.Join(list, ", ")
	}
	var levels []string
	for _, c := range history.CountLevels(names) {
		levels = append(levels, fmt.Sprintf("%d %s", c.N, strings.ToLower(levelName(c))))
	}
	return fmt.Sprintf("%s and %d more (%s)", strings.Join(list[:maxNames-1], ", "), len(list)-maxNames+1, strings.Join(levels, ", "))
}

func shortened(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}

// verdict returns a verdict in the colour of what it means: access that is lost, or may be.
func (p *program) verdict(v history.Verdict) string {
	switch text := fmt.Sprintf("%-12s", v); v {
	case history.Narrower, history.Incomparable:
		return p.screen.red(text)
	case history.Unknown:
		return p.screen.yellow(text)
	default:
		return text
	}
}

// doubtLines prints what is not known of an update.
func (p *program) doubtLines(u *history.Update) {
	for _, d := range u.Unknown {
		what := "added"
		if d.Removal {
			what = "removed"
		}
		p.print("  %s", printable(fmt.Sprintf("? whether %s was %s is not known: %s", strings.Join(d.Actions[:min(len(d.Actions), maxNames)], ", "), what, d.Reason)))
	}
}

// gap says which versions are missing before one.
func gap(s history.Step) string {
	n := s.Missing()
	switch {
	case n == 0:
		return ""
	case s.Before == nil:
		return fmt.Sprintf("%s before it missing", counted(n, "version"))
	}
	return fmt.Sprintf("%s → %s: %s between them missing", s.Before.ID, s.After.ID, counted(n, "version"))
}
