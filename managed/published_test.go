package managed_test

import (
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/managed"
)

func TestNew(t *testing.T) {
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	p, err := managed.New("Deployer", "/platform/", []managed.Published{
		{ID: "v1", Document: []byte(`{"Statement": {"Effect": "Allow"}}`)},
		{ID: "v3", Created: day, Document: []byte("{\"Statement\": [{},\n {}]}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	first, last := p.Versions()[0], p.Default()
	if p.ARN != "arn:aws:iam::aws:policy/platform/Deployer" || last.ID != "v3" || last.Ref() != "Deployer@v3" || last.Created != day || len(p.Versions()) != 2 {
		t.Errorf("%+v %+v", p, last)
	}
	if string(last.Document()) != `{"Statement":[{},{}]}` || last.Size != 21 || last.Statements != 2 || first.Statements != 1 || first.IsDefault() || !last.IsDefault() {
		t.Errorf("%s %+v %+v", last.Document(), first, last)
	}
	if v, ok := p.Version("v1"); !ok || v != first {
		t.Error("v1 is not found")
	}
	if _, ok := managed.Lookup("Deployer"); ok {
		t.Error("it is in the catalogue")
	}
}

func TestNewOfWhatIsNoPolicy(t *testing.T) {
	ok := []byte("{}")
	for want, versions := range map[string][]managed.Published{
		"policy P has no version":                 {},
		`policy P: "3" is no version such as v10`: {{ID: "3", Document: ok}},
		"policy P: version v1 comes after v2":     {{ID: "v2", Document: ok}, {ID: "v1", Document: ok}},
		"policy P: version v2 comes after v2":     {{ID: "v2", Document: ok}, {ID: "v2", Document: ok}},
		"P@v1: the document: unexpected end":      {{ID: "v1"}},
		"P@v1: the document: json: cannot":        {{ID: "v1", Document: []byte("[]")}},
	} {
		if _, err := managed.New("P", "/", versions); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}
