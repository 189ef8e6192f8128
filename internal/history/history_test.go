package history_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/managed"
)

func policyOf(t *testing.T, name string) *managed.Policy {
	t.Helper()
	p, ok := managed.Lookup(name)
	if !ok {
		t.Fatalf("no policy %s", name)
	}
	return p
}

func update(t *testing.T, s history.Step, o history.Options) *history.Update {
	t.Helper()
	u, err := s.Update(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// step returns the step to a version.
func step(t *testing.T, ref string) history.Step {
	t.Helper()
	v, err := managed.Find(ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range history.Steps(v.Policy) {
		if s.After == v {
			return s
		}
	}
	t.Fatalf("no step to %s", ref)
	return history.Step{}
}

// TestHistoryOfAdministratorAccessAmplify is what is known of the policy, from reading it.
func TestHistoryOfAdministratorAccessAmplify(t *testing.T) {
	for _, c := range []struct {
		version  string
		universe prove.Universe
		verdict  history.Verdict
		removed  []string
		adds     string // an action among those added; empty: nothing is
		all      bool   // that is all that is added
	}{
		{"v1", prove.Open, history.New, nil, "iam:CreateRole", false},
		{"v2", prove.Open, history.Broader, nil, "iam:AttachRolePolicy", false},
		{"v3", prove.Open, history.Broader, nil, "s3:PutEncryptionConfiguration", false},
		{"v3", prove.Reference, history.Broader, nil, "s3:PutEncryptionConfiguration", false},
		{"v5", prove.Open, history.Narrower, []string{"lambda:GetLayerVersionByArn"}, "", false},
		{"v5", prove.Reference, history.Equivalent, nil, "", false},
		{"v11", prove.Open, history.Broader, nil, "ecr:DescribeRepositories", true},
		{"v11", prove.Reference, history.Broader, nil, "ecr:DescribeRepositories", true},
	} {
		u := update(t, step(t, "AdministratorAccess-Amplify@"+c.version), history.Options{Universe: c.universe})
		added, removed := history.Names(u.Added), history.Names(u.Removed)
		if u.Verdict != c.verdict || !slices.Equal(removed, c.removed) || u.Lost() != (len(c.removed) > 0) || u.Undecided() {
			t.Errorf("%s, %v: %s, removes %q", c.version, c.universe, u.Verdict, removed)
		}
		if c.adds == "" && len(added) > 0 || c.adds != "" && !slices.Contains(added, c.adds) || c.all && len(added) > 1 {
			t.Errorf("%s, %v: adds %q", c.version, c.universe, added)
		}
	}
	u := update(t, step(t, "AdministratorAccess-Amplify@v5"), history.Options{})
	if c := u.Removed[0]; c.When != "if ForAnyValue:StringEquals aws:CalledVia cloudformation.amazonaws.com" ||
		!slices.Equal(c.Witness.Context["aws:CalledVia"], []string{"cloudformation.amazonaws.com"}) {
		t.Errorf("v5: %+v", c)
	}
}

func TestGapsAreStated(t *testing.T) {
	for ref, missing := range map[string]int{"ReadOnlyAccess@v159": 18, "AdministratorAccess-Amplify@v2": 0, "AdministratorAccess-Amplify@v1": 0} {
		if n := step(t, ref).Missing(); n != missing {
			t.Errorf("before %s %d versions are missing, not %d", ref, n, missing)
		}
	}
	total := 0
	for _, p := range managed.All() {
		for _, s := range history.Steps(p) {
			if s.Missing() < 0 {
				t.Errorf("%s comes after a later version", s.After.Ref())
			}
			total += s.Missing()
		}
	}
	if total != 850 { // as the comment of package managed has it
		t.Errorf("%d versions are missing", total)
	}
}

// A memory is a cache that counts.
type memory struct {
	mu   sync.Mutex
	kept map[string][]byte
	puts int
}

func (m *memory) Get(key string) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.kept[key]
}

func (m *memory) Put(key string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string][]byte{}
	}
	m.kept[key] = data
	m.puts++
}

// sample returns every n-th step of the catalogue that is not the first of its policy.
func sample(n int) (list []history.Step) {
	i := 0
	for _, p := range managed.All() {
		for _, s := range history.Steps(p)[1:] {
			if i++; i%n == 0 {
				list = append(list, s)
			}
		}
	}
	return list
}

// TestASecondRunComputesNothing runs over a sample of the catalogue twice, and then with another universe.
func TestASecondRunComputesNothing(t *testing.T) {
	steps := sample(75)
	if len(steps) < 60 {
		t.Fatalf("the sample has only %d steps", len(steps))
	}
	cache := new(memory)
	run := func(o history.Options) []*history.Update {
		list := make([]*history.Update, len(steps))
		if err := history.All(context.Background(), steps, o, 2, func(i int, u *history.Update) { list[i] = u }); err != nil {
			t.Fatal(err)
		}
		return list
	}
	first := run(history.Options{Cache: cache})
	computed := cache.puts
	if computed < len(steps)-5 { // a few may be of the same two documents
		t.Errorf("the first run worked out %d of %d steps", computed, len(steps))
	}
	second := run(history.Options{Cache: cache})
	if cache.puts != computed {
		t.Errorf("the second run worked out %d steps", cache.puts-computed)
	}
	for i, u := range first {
		if v := second[i]; u.Verdict != v.Verdict || !slices.Equal(history.Names(u.Added), history.Names(v.Added)) || !slices.Equal(history.Names(u.Removed), history.Names(v.Removed)) {
			t.Errorf("%s: %s first, %s from the cache", u.After.Ref(), u.Verdict, v.Verdict)
		}
		if lost := u.Verdict == history.Narrower || u.Verdict == history.Incomparable; u.Lost() != lost {
			t.Errorf("%s: %s, and removes %q", u.After.Ref(), u.Verdict, history.Names(u.Removed))
		}
	}
	if run(history.Options{Cache: cache, Universe: prove.Reference}); cache.puts == computed {
		t.Error("the reference universe takes the results of the open one")
	}
}

// TestDamagedResultsAreWorkedOutAnew damages what is kept of a step in each way.
func TestDamagedResultsAreWorkedOutAnew(t *testing.T) {
	s := step(t, "AdministratorAccess-Amplify@v5")
	whole := new(memory)
	update(t, s, history.Options{Cache: whole})
	other := new(memory)
	update(t, step(t, "AdministratorAccess-Amplify@v11"), history.Options{Cache: other})
	for key, data := range whole.kept {
		damaged := [][]byte{{}, []byte("\n"), data[:len(data)-1], data[:len(data)/2], append(slices.Clone(data), ' '), []byte(strings.Replace(string(data), "narrower", "broader", 1))}
		for i := range data {
			if i%17 == 0 {
				flipped := slices.Clone(data)
				flipped[i] ^= 4
				damaged = append(damaged, flipped)
			}
		}
		for _, d := range other.kept { // of another step
			damaged = append(damaged, d)
		}
		for _, d := range damaged {
			cache := &memory{kept: map[string][]byte{key: d}}
			if u := update(t, s, history.Options{Cache: cache}); u.Verdict != history.Narrower || cache.puts != 1 || string(cache.kept[key]) != string(data) {
				t.Fatalf("with %q kept: %s, worked out %d times", d, u.Verdict, cache.puts)
			}
		}
	}
}

func TestCancelledWorkIsNotKept(t *testing.T) {
	cache := new(memory)
	ctx, cancel := context.WithCancel(context.Background())
	steps := sample(75)
	done := 0
	err := history.All(ctx, steps, history.Options{Cache: cache}, 1, func(int, *history.Update) {
		if done++; done == 5 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || done != 5 || cache.puts > 5 {
		t.Errorf("%v after %d steps, %d kept", err, done, cache.puts)
	}
	ctx, cancel = context.WithDeadline(context.Background(), time.Unix(0, 0))
	defer cancel()
	before := cache.puts
	if u, err := step(t, "AdministratorAccess-Amplify@v2").Update(ctx, history.Options{Cache: cache}); !errors.Is(err, context.DeadlineExceeded) || u != nil || cache.puts != before {
		t.Errorf("after the deadline: %v, %v", u, err)
	}
}

func TestSharesAddUp(t *testing.T) {
	u := update(t, step(t, "AdministratorAccess-Amplify@v4"), history.Options{})
	var names []string
	for _, s := range history.Shares(u.Added) {
		n := 0
		for _, c := range s.Levels {
			n += c.N
		}
		under := map[string]bool{}
		for _, list := range s.When {
			for _, name := range list {
				under[name] = true
			}
		}
		if n != len(s.Names) || len(under) != n {
			t.Errorf("%s: %d names, %d by level, %d by circumstances", s.Service, len(s.Names), n, len(under))
		}
		names = append(names, s.Names...)
	}
	if all := history.Names(u.Added); len(names) != len(all) || len(all) < 50 {
		t.Errorf("%d names in shares, %d in all", len(names), len(all))
	}
	for action, service := range map[string]string{"S3:GetObject": "s3", "*": "*", "*:Get*": "*", "geo:*": "geo", "* but iam:*": "*"} {
		if s := history.ServiceOf(action); s != service {
			t.Errorf("%s is of %s", action, s)
		}
	}
}

// TestOneServiceIsItsPartOfTheUpdate holds what an update did to a service against the whole.
func TestOneServiceIsItsPartOfTheUpdate(t *testing.T) {
	for _, ref := range []string{"AdministratorAccess-Amplify@v4", "AdministratorAccess-Amplify@v5", "PowerUserAccess@v5", "ReadOnlyAccess@v188"} {
		whole := update(t, step(t, ref), history.Options{})
		for _, service := range []string{"lambda", "s3", "iam", "logs"} {
			part := update(t, step(t, ref), history.Options{Service: service})
			for what, pair := range map[string][2][]history.Change{"adds": {whole.Added, part.Added}, "removes": {whole.Removed, part.Removed}} {
				var want []string
				for _, s := range history.Shares(pair[0]) {
					if s.Service == service {
						want = s.Names
					}
				}
				if got := history.Names(pair[1]); !slices.Equal(got, want) {
					t.Errorf("%s %s of %s %q, and in all %q", ref, what, service, got, want)
				}
				for _, c := range pair[1] {
					if history.ServiceOf(c.Witness.Action) != service {
						t.Errorf("%s: the witness is %+v", ref, c.Witness)
					}
				}
			}
		}
	}
}
