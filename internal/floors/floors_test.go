// Package floors holds no code: its test keeps the imports of the module going down.
package floors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/writ-iam/writ/"

// floors lists the packages of each floor, lowest first. A package may import packages of lower floors; of its own
// floor only those that stand before it in the line.
var floors = [][]string{
	{"arn", "internal/jsonnumber", "policy", "internal/glob", "internal/spelling", "internal/reffile", "internal/catalogfile", "internal/bitset", "internal/lang", "internal/jsontree"},
	{"condition", "authref", "managed", "internal/actions", "internal/jobfunction"},
	{"eval"},
	{"analysis/prove", "analysis/validate", "analysis/escalate", "analysis/needs"},
	{"internal/authdetails", "internal/affected", "internal/graph", "internal/catalogsource", "internal/actionsource", "internal/cachedir", "internal/history", "internal/cfnschemas", "internal/cfn", "internal/cloudtrail"},
	{"internal/store", "internal/store/member", "internal/iam"},
	{"internal/snapshot", "internal/sigv4", "internal/session", "internal/awsmodel", "internal/awsquery", "internal/awsjson", "internal/audit"},
	{"internal/pdp", "internal/op", "internal/iamapi", "internal/stsapi", "internal/orgapi", "internal/feeds", "internal/webhook", "internal/writapi", "internal/analyzerapi"},
	{"internal/server", "writtest", "internal/console", "internal/cli"},
	{"cmd/writ"},
}

// apart are packages that nothing of the product imports: generators, and what tests are made of.
var apart = []string{"internal/gen/authref", "internal/gen/awsmodel", "internal/gen/escalations", "internal/gen/leastprivilege", "internal/gen/managed", "internal/gen/report", "internal/floors", "internal/refeval",
	"internal/store/storetest", "internal/clients", "internal/smt", "vectors"}

// publicFloors are the floors of the library, which does no input or output and depends on the standard library only.
const publicFloors = 4

// forbidden in the library: it reads no files, knows no time, and rolls no dice.
var forbidden = []string{"os", "os/exec", "net", "net/http", "io/ioutil", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog", "flag"}

type pkg struct {
	ImportPath string
	Imports    []string
	Module     *struct{ Path string }
	Standard   bool
}

func list(t *testing.T) (all []pkg) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Imports,Module,Standard", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsGoDown(t *testing.T) {
	place := map[string]int{} // a package's place in the order of floors
	level := map[string]int{}
	for f, names := range floors {
		for _, name := range names {
			place[name] = len(place)
			level[name] = f
		}
	}
	standard := map[string]bool{}
	all := list(t)
	for _, p := range all {
		standard[p.ImportPath] = p.Standard
	}
	seen := 0
	for _, p := range all {
		name, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue
		}
		seen++
		at, placed := place[name]
		if !placed && !slices.Contains(apart, name) {
			t.Errorf("%s is on no floor; give it one in floors_test.go", name)
			continue
		}
		for _, path := range p.Imports {
			imported, ours := strings.CutPrefix(path, module)
			switch {
			case ours && placed && slices.Contains(apart, imported):
				t.Errorf("%s imports %s, which is for tests and generators", name, imported)
			case ours && placed && place[imported] >= at:
				t.Errorf("%s (floor %d) imports %s (floor %d): imports go down", name, level[name], imported, level[imported])
			case placed && level[name] < publicFloors && !ours && !standard[path]:
				t.Errorf("%s imports %s: the library depends on the standard library only", name, path)
			case placed && level[name] < publicFloors && slices.Contains(forbidden, path):
				t.Errorf("%s imports %s: the library does no input or output", name, path)
			}
		}
	}
	if seen < 8 {
		t.Error(fmt.Sprint("only ", seen, " packages were listed"))
	}
}
