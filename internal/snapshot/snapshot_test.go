package snapshot

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"weak"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/store"
)

const (
	account = "111122223333"
	other   = "444455556666"
	trust   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":` +
		`"arn:aws:iam::111122223333:user/alice"},"Action":"sts:AssumeRole"}]}`
)

// still is a Live that follows nothing: changes are applied to it by hand.
func still() *Live {
	l := &Live{
		log: slog.New(slog.DiscardHandler), docs: map[string]weak.Pointer[iam.Document]{}, sweepAt: minSweep,
		newer: make(chan struct{}),
	}
	l.current.Store(Empty())
	return l
}

// change is a change as a store yields it.
func change(rev store.Revision, deletes []string, puts ...iam.Record) store.Change {
	c := store.Change{Revision: rev, Deletes: deletes}
	for _, r := range puts {
		c.Puts = append(c.Puts, store.Record{Key: r.Key(), Value: iam.Encode(r), Revision: rev})
	}
	return c
}

// do applies a change that can be.
func (l *Live) do(t *testing.T, deletes []string, puts ...iam.Record) *Snapshot {
	t.Helper()
	if err := l.apply(change(l.Current().Revision+1, deletes, puts...)); err != nil {
		t.Fatal(err)
	}
	return l.Current()
}

func header(id, name string) iam.Header {
	return iam.Header{Account: account, Name: name, Path: "/", ID: id, Created: time.Unix(1_700_000_000, 0).UTC()}
}

// A world is a state as a plain map of records, from which everything that a snapshot knows is found the slow way.
type world map[string]iam.Record

// contents are the entries that a snapshot of the world has: records encoded, counts as numbers.
func (w world) contents() map[string]string {
	all := map[string]string{}
	counts := map[string]int{}
	also := func(value, dir, leaf string) {
		all[dir+leaf] = value
		counts[dir]++
	}
	for key, r := range w {
		value := string(iam.Encode(r))
		all[key] = value
		counts[strings.Join(strings.Split(key, "/")[:max(1, min(2, strings.Count(key, "/")))], "/")+"/"]++
		var h *iam.Header
		var attached []string
		bound, kind := "", strings.Split(key, "/")[0]
		switch r := r.(type) {
		case *iam.User:
			h, attached, bound = &r.Header, r.Attached, r.Boundary
			for _, id := range r.Groups {
				also(value, "member/"+id+"/", strings.ToLower(r.Name))
			}
		case *iam.Role:
			h, attached, bound = &r.Header, r.Attached, r.Boundary
		case *iam.Group:
			h, attached = &r.Header, r.Attached
		case *iam.Policy:
			h = &r.Header
		case *iam.InstanceProfile:
			h = &r.Header
			if r.Role != "" {
				also(value, "instance/"+r.Role+"/", strings.ToLower(r.Name))
			}
		case *iam.ServerCertificate:
			h = &r.Header
		default:
			continue
		}
		all["id/"+h.ID] = value
		leaf := kind + "/" + strings.ToLower(h.Name)
		for _, arn := range attached {
			also(value, "attached/"+h.Account+"/"+arn+"/", leaf)
		}
		if bound != "" {
			also(value, "boundary/"+h.Account+"/"+bound+"/", leaf)
		}
	}
	for dir, n := range counts {
		all["count/"+dir] = fmt.Sprint(n)
	}
	return all
}

// contents are the same of a snapshot.
func (s *Snapshot) contents() map[string]string {
	all := map[string]string{}
	s.tree.Ascend(func(e entry) bool {
		if r, ok := e.value.(iam.Record); ok {
			all[e.key] = string(iam.Encode(r))
		} else {
			all[e.key] = fmt.Sprint(e.value)
		}
		return true
	})
	return all
}

func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("%s: %q, want %q", key, got[key], want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			t.Errorf("%s: %q, and should not be there", key, got[key])
		}
	}
	t.FailNow()
}

// some picks a few of the items, in their order.
func some(r *rand.Rand, items []string) (picked []string) {
	for _, item := range items {
		if r.IntN(3) == 0 {
			picked = append(picked, item)
		}
	}
	return picked
}

func maybe(r *rand.Rand, items []string) string {
	if i := r.IntN(2 * len(items)); i < len(items) {
		return items[i]
	}
	return ""
}

var (
	arns = []string{
		"arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111122223333:policy/Own",
		"arn:aws:iam::111122223333:policy/OwnToo", "arn:aws:iam::111122223333:policy/team/Own",
	}
	ids = []string{"1", "2", "3"}
)

// in are the ids of groups or roles, which belong to one account each.
func in(account, prefix string) (all []string) {
	for _, id := range ids {
		all = append(all, prefix+account+id)
	}
	return all
}

// record makes a record of a random kind and name. Its id is that of the record that it takes the place of, or new.
func (w world) record(r *rand.Rand, n int) iam.Record {
	h := header(fmt.Sprint("ID", n), []string{"a", "B", "c", "Dd", "dd-e"}[r.IntN(5)])
	if r.IntN(4) == 0 {
		h.Account = other
	}
	grants := iam.Grants{Attached: some(r, arns)}
	if r.IntN(2) == 0 {
		grants.Inline = []iam.Inline{{Name: "in", Document: iam.NewDocument(trust)}}
	}
	var made iam.Record
	switch r.IntN(8) {
	case 0, 1:
		made = &iam.User{Header: h, Grants: grants, Boundary: maybe(r, arns), Groups: some(r, in(h.Account, "AGPA"))}
	case 2:
		made = &iam.Group{Header: h, Grants: grants}
	case 3, 4:
		made = &iam.Role{Header: h, Grants: grants, Boundary: maybe(r, arns), Trust: iam.NewDocument(trust)}
	case 5:
		made = &iam.InstanceProfile{Header: h, Role: maybe(r, in(h.Account, "AROA"))}
	case 6:
		doc := iam.NewDocument(trust)
		made = &iam.Policy{Header: h, Default: "v1", Versions: []iam.Version{{ID: "v1", Document: doc}}}
	case 7:
		made = &iam.AccessKey{ID: fmt.Sprint("AKIA", r.IntN(4)), Account: h.Account, Owner: h.ID}
	}
	if old, ok := w[made.Key()].(headed); ok {
		made.(headed).Head().ID = old.Head().ID
	}
	return made
}

type headed interface{ Head() *iam.Header }

func TestWhatFollowsFromRecordsFollowsEveryChange(t *testing.T) {
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 1))
		l, w := still(), world{}
		type past struct {
			snapshot *Snapshot
			contents map[string]string
		}
		var history []past
		for n := range 150 {
			puts, deletes := world{}, []string{}
			for i := range 1 + r.IntN(3) {
				keys := slices.Sorted(maps.Keys(w))
				switch {
				case r.IntN(3) > 0 || len(keys) == 0:
					if made := w.record(r, 10*n+i); !slices.Contains(deletes, made.Key()) {
						puts[made.Key()] = made
					}
				case r.IntN(2) == 0:
					deletes = append(deletes, keys[r.IntN(len(keys))], "user/"+account+"/nobody")
				default: // another name, and the same id
					old := keys[r.IntN(len(keys))]
					moved, err := iam.Decode(old, iam.Encode(w[old]))
					if err != nil {
						t.Fatal(err)
					}
					if h, ok := moved.(headed); ok && puts[old] == nil && !slices.Contains(deletes, old) {
						h.Head().Name = fmt.Sprint("Renamed", n)
						deletes, puts[moved.Key()] = append(deletes, old), moved
					}
				}
			}
			for key := range puts {
				deletes = slices.DeleteFunc(deletes, func(d string) bool { return d == key })
			}
			for _, key := range deletes {
				delete(w, key)
			}
			maps.Copy(w, puts)
			got := l.do(t, deletes, slices.Collect(maps.Values(puts))...)
			want := w.contents()
			compare(t, got.contents(), want)
			history = append(history, past{got, want})
		}
		for _, p := range history { // what is old stays as it was
			compare(t, p.snapshot.contents(), p.contents)
		}
	}
}

func TestRecordsAreListedByPrefixAndFromBehindAKey(t *testing.T) {
	l := still()
	s := l.do(t, nil,
		&iam.User{Header: header("AIDA1", "alice"), Grants: iam.Grants{Attached: arns[:1]}},
		&iam.User{Header: header("AIDA2", "Bob"), Grants: iam.Grants{Attached: arns[:2]}},
		&iam.User{Header: header("AIDA3", "carol")},
	)
	for _, test := range []struct{ prefix, after, want string }{
		{iam.UserKey(account, ""), "", "alice Bob carol"},
		{iam.UserKey(account, ""), iam.UserKey(account, "alice"), "Bob carol"},
		{iam.UserKey(account, ""), iam.UserKey(account, "ALICE-2"), "Bob carol"},
		{iam.UserKey(account, ""), iam.UserKey(account, "carol"), ""},
		{iam.UserKey(account, ""), "zzz", ""},
		{iam.UserKey(account, "b"), "", "Bob"},
		{iam.UserKey(other, ""), "", ""},
		{AttachedPrefix(account, arns[0]), "", "alice Bob"},
		{AttachedPrefix(account, arns[0]), AttachedPrefix(account, arns[0]) + "user/alice", "Bob"},
		{AttachedPrefix(account, arns[1]), "", "Bob"},
		{AttachedPrefix(other, arns[0]), "", ""},
		{"count/", "", ""}, // no records
	} {
		var names []string
		for _, r := range s.List(test.prefix, test.after) {
			names = append(names, r.(*iam.User).Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("List(%q, %q): %q, want %q", test.prefix, test.after, got, test.want)
		}
	}
	if n := s.Count(iam.UserKey(account, "")); n != 3 {
		t.Errorf("%d users", n)
	}
}

func TestUsedAreTheManagedPoliciesOfAnAccount(t *testing.T) {
	const a, b, c = "arn:aws:iam::aws:policy/a", "arn:aws:iam::aws:policy/service-role/b", "arn:aws:iam::111122223333:policy/c"
	holds := func(arns ...string) iam.Grants { return iam.Grants{Attached: arns} }
	l := still()
	s := l.do(t, nil,
		&iam.User{Header: header("AIDA1", "alice"), Grants: holds(b, a), Boundary: c},
		&iam.Role{Header: header("AROA1", "app"), Grants: holds(a), Boundary: b, Trust: iam.NewDocument(trust)},
		&iam.Group{Header: iam.Header{Account: other, Name: "Devs", Path: "/", ID: "AGPA1"}, Grants: holds(c)},
	)
	for account, want := range map[string][]string{account: {c, a, b}, other: {c}, "1111": nil} {
		if got := s.Used(account); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", account, got, want)
		}
	}
	s = l.do(t, []string{iam.UserKey(account, "alice")})
	if got := s.Used(account); !slices.Equal(got, []string{a, b}) {
		t.Errorf("without alice: %v", got)
	}
}

func TestGetIsNilForARecordOfAnotherKind(t *testing.T) {
	s := still().do(t, nil, &iam.User{Header: header("AIDA1", "alice")})
	if r := Get[iam.Role](s, iam.UserKey(account, "alice")); r != nil {
		t.Errorf("a role: %+v", r)
	}
	if r := s.ByID("AIDA2"); r != nil {
		t.Errorf("a record without an id: %+v", r)
	}
}

func TestEqualDocumentsAreSharedAndForgotten(t *testing.T) {
	l := still()
	role := func(id, name, text string, bound map[string]string) *iam.Role {
		return &iam.Role{Header: header(id, name), Trust: &iam.Document{Text: text, Bound: bound}}
	}
	inline := role("AROA3", "three", "{}", nil)
	inline.Inline = []iam.Inline{{Name: "in", Document: iam.NewDocument(trust)}}
	s := l.do(t, nil,
		role("AROA1", "one", trust, nil), role("AROA2", "two", trust, nil), inline,
		role("AROA4", "four", trust, map[string]string{"arn:aws:iam::111122223333:user/alice": "AIDA1"}),
		&iam.Policy{Header: header("ANPA1", "p"), Versions: []iam.Version{{ID: "v1", Document: iam.NewDocument(trust)}}},
		&iam.OrgPolicy{ID: "p-1", Organization: "o-1", Document: iam.NewDocument(trust)},
	)
	get := func(name string) *iam.Role { return Get[iam.Role](s, iam.RoleKey(account, name)) }
	first := get("one").Trust
	for what, doc := range map[string]*iam.Document{
		"another role's trust": get("two").Trust, "an inline policy": get("three").Inline[0].Document,
		"a version":                Get[iam.Policy](s, iam.PolicyKey(account, "p")).Versions[0].Document,
		"an organization's policy": Get[iam.OrgPolicy](s, iam.OrgPolicyKey("o-1", "p-1")).Document,
	} {
		if doc != first {
			t.Errorf("%s of the same text is another document", what)
		}
	}
	if get("four").Trust == first {
		t.Error("a document with bound principals is shared with one without")
	}
	runtime.KeepAlive(first)

	l.sweepAt = 0
	s, first = nil, nil
	l.do(t, []string{
		iam.RoleKey(account, "one"), iam.RoleKey(account, "two"), iam.RoleKey(account, "three"),
		iam.PolicyKey(account, "p"), iam.OrgPolicyKey("o-1", "p-1"),
	})
	runtime.GC()
	l.do(t, nil, role("AROA5", "five", `{"new":1}`, nil))
	if keys := slices.Sorted(maps.Keys(l.docs)); len(keys) != 1 {
		t.Errorf("texts that nobody uses are kept: %q", keys)
	}
	if l.sweepAt != minSweep {
		t.Errorf("the next texts are forgotten at %d", l.sweepAt)
	}
}

func TestABoundDocumentTrustsAnIDAndNoNamesake(t *testing.T) {
	const alice = "arn:aws:iam::111122223333:user/alice"
	s := still().do(t, nil, &iam.Role{
		Header: header("AROA1", "bound"), Trust: &iam.Document{Text: trust, Bound: map[string]string{alice: "AIDAFIRST"}},
	}, &iam.Role{Header: header("AROA2", "loose"), Trust: iam.NewDocument(trust)})
	for _, test := range []struct {
		role, id string
		want     bool
	}{
		{"bound", "AIDAFIRST", true}, {"bound", "AIDASECOND", false},
		{"loose", "AIDAFIRST", true}, {"loose", "AIDASECOND", true},
	} {
		role := Get[iam.Role](s, iam.RoleKey(account, test.role))
		compiled, err := role.Trust.Policy(eval.Resource)
		if err != nil {
			t.Fatal(err)
		}
		who, err := eval.ParsePrincipal(alice)
		if err != nil {
			t.Fatal(err)
		}
		p := eval.Policies{Resource: compiled}
		d := p.Decide(&eval.Request{Principal: who.WithUniqueID(test.id), Action: "sts:AssumeRole", Resource: role.ARN()})
		if d.Allowed() != test.want {
			t.Errorf("%s: alice with the id %s: %v", test.role, test.id, d.Outcome)
		}
	}
}

func TestPoliciesThatCannotBeHadAreAnError(t *testing.T) {
	const gone = "arn:aws:iam::111122223333:policy/Gone"
	bad := iam.NewDocument(`{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}`)
	for name, user := range map[string]*iam.User{
		"GroupThatIsNotThere":   {Groups: []string{"AGPA9"}},
		"PolicyThatIsNotThere":  {Grants: iam.Grants{Attached: []string{gone}}},
		"PolicyOfAWSThatIsGone": {Grants: iam.Grants{Attached: []string{"arn:aws:iam::aws:policy/NeverWas"}}},
		"InlineThatIsMalformed": {Grants: iam.Grants{Inline: []iam.Inline{{Name: "in", Document: bad}}}},
		"PolicyOfAGroup":        {Groups: []string{"AGPA1"}},
	} {
		t.Run(name, func(t *testing.T) {
			user.Header = header("AIDA1", "alice")
			group := &iam.Group{Header: header("AGPA1", "g"), Grants: iam.Grants{Attached: []string{gone}}}
			s := still().do(t, nil, user, group)
			if _, err := s.Identity(Get[iam.User](s, user.Key())); err == nil {
				t.Error("no error")
			}
		})
	}
	s := still().do(t, nil, &iam.User{Header: header("AIDA1", "alice"), Boundary: gone})
	if _, err := s.Boundary(Get[iam.User](s, iam.UserKey(account, "alice"))); err == nil {
		t.Error("a boundary that is not there is no error")
	}
}

func TestOrganizationPoliciesComeByLevels(t *testing.T) {
	const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	full := []string{iam.FullAWSAccess, iam.RCPFullAWSAccess}
	org := &iam.Organization{
		ID: "o-1", Management: account, Root: "r-1", Enabled: []string{iam.ResourceControl, iam.ServiceControl},
	}
	l := still()
	l.do(t, nil, org,
		&iam.Unit{ID: "r-1", Organization: "o-1", Policies: full},
		&iam.Unit{ID: "ou-1", Organization: "o-1", Parent: "r-1", Policies: append(full, "p-1")},
		&iam.OrgPolicy{ID: "p-1", Organization: "o-1", Type: iam.ServiceControl, Document: iam.NewDocument(all)},
		&iam.Account{ID: account, Organization: "o-1", Parent: "r-1", Policies: full},
		&iam.Account{ID: other, Organization: "o-1", Parent: "ou-1", Policies: full},
		&iam.Account{ID: "777788889999"},
	)
	levels := func(account string) string {
		t.Helper()
		scps, rcps, err := l.Current().Organization(account)
		if err != nil {
			return "error"
		}
		text := ""
		for _, list := range [][][]*eval.Policy{scps, rcps} {
			for _, level := range list {
				text += fmt.Sprint(len(level))
			}
			text += "/"
		}
		return text
	}
	for id, want := range map[string]string{
		other: "121/111/", account: "//", "777788889999": "//", "000000000000": "//",
	} {
		if got := levels(id); got != want {
			t.Errorf("account %s: %s, want %s", id, got, want)
		}
	}
	without := *org
	without.Enabled = []string{iam.ServiceControl}
	l.do(t, nil, &without)
	if got := levels(other); got != "121//" {
		t.Errorf("with service control policies alone: %s", got)
	}
	for _, key := range []string{
		iam.OrgPolicyKey("o-1", "p-1"), iam.UnitKey("o-1", "ou-1"), iam.OrganizationKey("o-1"),
	} {
		l.do(t, []string{key})
		if got := levels(other); got != "error" {
			t.Errorf("without %s: %s", key, got)
		}
	}
}
