package catalogfile

import (
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A File is an open catalog. It is safe for concurrent use.
type File struct {
	Catalog // not to be modified, and without Versions: see the method

	parts      []parts // of each policy
	dictionary func() ([]byte, error)
	last       atomic.Pointer[body] // who reads one version of a policy often reads the next
}

type parts struct {
	versions int
	rows     string
	block    string
	size     int // of the block, inflated
}

type body struct {
	policy int
	edits  []byte
}

// maxInflated bounds what a section or block may inflate to, so that a
// damaged file cannot ask for all memory. The largest today is under 256 KB.
const maxInflated = 64 << 20

var errDamaged = errors.New("the file is damaged")

// Open reads the index of a file, and the rest when asked.
func Open(file string) (*File, error) {
	rest, ok := strings.CutPrefix(file, magic)
	if !ok {
		return nil, errors.New("not a file of managed policies, or one of another format")
	}
	var sections [2]string
	for i := range sections {
		if sections[i], rest, ok = cutSection(rest); !ok {
			return nil, errDamaged
		}
	}
	index, err := inflate(sections[0], nil, 64<<10)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	f := &File{dictionary: sync.OnceValues(func() ([]byte, error) {
		return inflate(sections[1], nil, window)
	})}
	if err := f.readIndex(index, rest); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	return f, nil
}

func cutSection(s string) (section, rest string, ok bool) {
	n, size := binary.Uvarint([]byte(s[:min(len(s), binary.MaxVarintLen64)]))
	if size <= 0 || n > uint64(len(s)-size) {
		return "", "", false
	}
	return s[size:][:n], s[size:][n:], true
}

// readIndex reads the index, and cuts what follows it into the parts of policies.
func (f *File) readIndex(index []byte, rest string) error {
	r := reader{rest: index}
	f.Source = r.str()
	f.Policies = make([]Policy, r.count())
	f.parts = make([]parts, len(f.Policies))
	names, paths := strings.Split(r.str(), "\n"), strings.Split(r.str(), "\n")
	if len(f.Policies) > 0 && (len(names) != len(f.Policies) || len(paths) != len(f.Policies)) {
		return errDamaged
	}
	for i := range f.Policies {
		f.Policies[i].Name, f.Policies[i].Path = names[i], paths[i]
	}
	for i := range f.Policies {
		f.Policies[i].Deprecated = r.uvarint() == 1
	}
	for i := range f.parts {
		f.parts[i].versions = r.size()
	}
	cut := func(n int) (part string) {
		if n > len(rest) {
			r.fail()
			return ""
		}
		part, rest = rest[:n], rest[n:]
		return part
	}
	for i := range f.parts {
		f.parts[i].rows = cut(r.size())
	}
	for i := range f.parts {
		f.parts[i].size = r.size()
	}
	for i := range f.parts {
		f.parts[i].block = cut(r.size())
	}
	if r.failed || len(r.rest) != 0 || rest != "" {
		return errDamaged
	}
	return nil
}

// Versions returns the versions of f.Policies[policy]. An error means that the
// file is damaged.
func (f *File) Versions(policy int) ([]Version, error) {
	part := f.parts[policy]
	r := reader{rest: []byte(part.rows)}
	p := Policy{Versions: make([]Version, 0, min(part.versions, len(part.rows)))}
	var row [4]int64
	for range part.versions {
		for k := range row {
			row[k] += r.varint()
		}
		if r.failed {
			break
		}
		v := Version{Number: int(row[0]), Statements: int(row[2]), Size: int(row[3])}
		if row[1] != 0 {
			v.Created = time.Unix(row[1], 0).UTC()
		}
		p.Versions = append(p.Versions, v)
	}
	if r.failed || len(r.rest) != 0 || p.check() != nil {
		return nil, fmt.Errorf("%s: versions: %w", f.Policies[policy].Name, errDamaged)
	}
	return p.Versions, nil
}

// Document returns the document of a version, an index into f.Versions(policy), as
// Encode was given it. It is the caller's to keep. An error means that the file
// is damaged.
func (f *File) Document(policy, version int) ([]byte, error) {
	name := f.Policies[policy].Name
	versions, err := f.Versions(policy)
	if err != nil {
		return nil, err
	}
	edits, err := f.edits(policy)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r := reader{rest: edits}
	var doc, newer []byte
	for i := len(versions) - 1; i >= version; i-- {
		newer, doc = doc, newer // the buffer of the one before is free again
		doc = r.document(doc[:0], newer, versions[i].Size)
	}
	if r.failed {
		return nil, fmt.Errorf("%s version %d: %w", name, versions[version].Number, errDamaged)
	}
	return doc[:len(doc):len(doc)], nil
}

// edits returns the inflated block of a policy.
func (f *File) edits(policy int) ([]byte, error) {
	if b := f.last.Load(); b != nil && b.policy == policy {
		return b.edits, nil
	}
	dictionary, err := f.dictionary()
	if err != nil {
		return nil, fmt.Errorf("dictionary: %w", err)
	}
	edits, err := inflate(f.parts[policy].block, dictionary, f.parts[policy].size)
	if err != nil {
		return nil, err
	}
	f.last.Store(&body{policy, edits})
	return edits, nil
}

// inflate returns what deflated inflates to; size is how much that may be.
func inflate(deflated string, dictionary []byte, size int) ([]byte, error) {
	r := io.LimitReader(flate.NewReaderDict(strings.NewReader(deflated), dictionary), maxInflated)
	b := make([]byte, 0, min(size, maxInflated)+1) // one more, to see the end without growing
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// A reader reads numbers and strings. After a failure all it reads is zero.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) fail() { r.rest, r.failed = nil, true }

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// size reads a number of bytes.
func (r *reader) size() int {
	n := r.uvarint()
	if n > maxInflated {
		r.fail()
		return 0
	}
	return int(n)
}

// count reads a number of things which each take at least a byte.
func (r *reader) count() int {
	n := r.size()
	if n > len(r.rest) {
		r.fail()
		return 0
	}
	return n
}

func (r *reader) bytes() []byte {
	n := r.count()
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) str() string { return string(r.bytes()) }

// document reads the edits of one document and applies them to the next newer
// one, in the space of doc.
func (r *reader) document(doc, newer []byte, size int) []byte {
	if cap(doc) < size {
		doc = make([]byte, 0, size)
	}
	at := 0
	for len(doc) < size && !r.failed {
		doc = append(doc, r.bytes()...)
		if len(doc) >= size {
			break
		}
		from := int64(at) + r.varint()
		n := r.size()
		if from < 0 || from > int64(len(newer)) || n == 0 || n > len(newer)-int(from) {
			r.fail()
			break
		}
		at = int(from) + n
		doc = append(doc, newer[from:at]...)
	}
	if len(doc) != size {
		r.fail()
		return nil
	}
	return doc
}
