package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/catalogfile"
)

type options struct {
	version, tarball, dates, output string
}

// generate writes the catalog and returns a summary of it.
func generate(o options) (summary string, err error) {
	if o.tarball == "" {
		dir, err := os.MkdirTemp("", "managed")
		if err != nil {
			return "", err
		}
		defer os.RemoveAll(dir)
		if o.tarball, err = fetch(o.version, dir); err != nil {
			return "", err
		}
	}
	tarball, err := os.Open(o.tarball)
	if err != nil {
		return "", err
	}
	defer tarball.Close()
	c, docs, err := readPackage(tarball, o.version)
	if err != nil {
		return "", fmt.Errorf("%s: %w", o.tarball, err)
	}
	if err := complete(c, o); err != nil {
		return "", err
	}
	document := func(i, j int) []byte { return docs[i][j] }
	file, err := catalogfile.Encode(c, document)
	if err != nil {
		return "", err
	}
	if err := verify(string(file), docs); err != nil {
		return "", fmt.Errorf("the catalog does not read back: %w", err)
	}
	if err := os.WriteFile(o.output, file, 0o666); err != nil {
		return "", err
	}
	return summarize(c, len(file)), nil
}

// verify reads each document back.
func verify(file string, docs [][][]byte) error {
	f, err := catalogfile.Open(file)
	if err != nil {
		return err
	}
	for i, versions := range docs {
		for j, want := range versions {
			got, err := f.Document(i, j)
			if err != nil {
				return err
			}
			if !bytes.Equal(got, want) {
				return fmt.Errorf("document %d of %s differs", j, f.Policies[i].Name)
			}
		}
	}
	return nil
}

func summarize(c *catalogfile.Catalog, size int) string {
	var versions, statements, undated, deprecated, gaps, missing int
	for _, p := range c.Policies {
		versions += len(p.Versions)
		if p.Deprecated {
			deprecated++
		}
		if n := p.Versions[len(p.Versions)-1].Number - len(p.Versions); n > 0 {
			gaps++
			missing += n
		}
		for _, v := range p.Versions {
			statements += v.Statements
			if v.Created.IsZero() {
				undated++
			}
		}
	}
	return fmt.Sprintf("%s: %d policies (%d deprecated), %d versions (%d without a date), %d statements, %d bytes\n"+
		"%d policies are not contiguous: the package lacks %d of their versions",
		c.Source, len(c.Policies), deprecated, versions, undated, statements, size, gaps, missing)
}

// complete adds to c what the package does not have: from the table of dates, or else
// from the catalog that c will replace.
func complete(c *catalogfile.Catalog, o options) error {
	from, parse := o.dates, parseDates
	if from == "" {
		from, parse = o.output, carryOver
	}
	data, err := os.ReadFile(from)
	if errors.Is(err, fs.ErrNotExist) && o.dates == "" {
		return fmt.Errorf("there is no %s to carry dates over from; give them with -dates", from)
	}
	if err != nil {
		return err
	}
	h, err := parse(string(data))
	if err == nil {
		err = h.apply(c)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}

// A history is what is known of policies and not in the package.
type history struct {
	created    map[versionKey]time.Time // zero if not known
	deprecated map[string]bool
}

func newHistory() *history {
	return &history{created: make(map[versionKey]time.Time), deprecated: make(map[string]bool)}
}

type versionKey struct {
	policy string
	number int
}

func (k versionKey) String() string { return fmt.Sprintf("%s v%d", k.policy, k.number) }

// apply completes c. It fails if the history knows a version that c lacks: a
// version may be withdrawn but never vanishes.
func (h *history) apply(c *catalogfile.Catalog) error {
	found := 0
	for i := range c.Policies {
		p := &c.Policies[i]
		p.Deprecated = h.deprecated[p.Name]
		for j := range p.Versions {
			v := &p.Versions[j]
			if t, ok := h.created[versionKey{p.Name, v.Number}]; ok {
				v.Created = t
				found++
			}
		}
	}
	if found == len(h.created) {
		return nil
	}
	var lost []versionKey
	in := make(map[versionKey]bool)
	for _, p := range c.Policies {
		for _, v := range p.Versions {
			in[versionKey{p.Name, v.Number}] = true
		}
	}
	for k := range h.created {
		if !in[k] {
			lost = append(lost, k)
		}
	}
	first := slices.MinFunc(lost, func(a, b versionKey) int { return strings.Compare(a.String(), b.String()) })
	return fmt.Errorf("%s is not in the package (nor are %d others)", first, len(lost)-1)
}

// carryOver reads the catalog that there is.
func carryOver(catalog string) (*history, error) {
	f, err := catalogfile.Open(catalog)
	if err != nil {
		return nil, err
	}
	h := newHistory()
	for i, p := range f.Policies {
		if p.Deprecated {
			h.deprecated[p.Name] = true
		}
		versions, err := f.Versions(i)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			h.created[versionKey{p.Name, v.Number}] = v.Created
		}
	}
	return h, nil
}

// parseDates reads the table that -dates names.
func parseDates(table string) (*history, error) {
	h := newHistory()
	n := 0
	for line := range strings.Lines(table) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := h.parseLine(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return h, nil
}

func (h *history) parseLine(line string) error {
	fields := strings.Split(line, "\t")
	if len(fields) != 4 {
		return fmt.Errorf("%d fields, want policy, version, created and status", len(fields))
	}
	number, err := versionNumber(fields[1])
	if err != nil {
		return err
	}
	key := versionKey{fields[0], number}
	if _, dup := h.created[key]; dup {
		return fmt.Errorf("a second line for %s", key)
	}
	h.created[key] = time.Time{}
	if fields[2] != "" {
		t, err := time.Parse(time.RFC3339, fields[2])
		if err != nil {
			return err
		}
		h.created[key] = t.UTC()
	}
	switch fields[3] {
	case "":
	case "deprecated":
		h.deprecated[key.policy] = true
	default:
		return fmt.Errorf("status %q, want deprecated or nothing", fields[3])
	}
	return nil
}
