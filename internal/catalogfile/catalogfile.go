// Package catalogfile is the format of the file in which package managed
// keeps the AWS managed policies. The generator writes it with [Encode], the
// package reads it with [Open], and nothing else describes it.
//
// # Format
//
// A file is a magic line, the index, the dictionary, and of each policy the rows of
// its versions and a block of its documents:
//
//	file    = "writ managed policies 1\n" section(index) section(dictionary) rows... block...
//	section = uvarint(length) deflate(...)
//	rows    = of each version, oldest first: number, created, statements, size
//	block   = deflate(edits of the newest version ... edits of the oldest)
//
// The index is by columns, which deflate better than rows:
//
//	source; number of policies; their names, a line each; their paths, likewise;
//	of each policy: 1 if deprecated; number of versions; bytes of its rows;
//	bytes of its block, inflated; bytes of its block
//
// Strings are preceded by their length. A number in a row is written as the difference from
// the version before; created is in seconds since 1970, or 0. Rows are not
// deflated as they hardly shrink, and so those of one policy can be read alone.
//
// A policy's documents are kept as RCS keeps revisions: the newest is whole,
// and each older one is edits to the one after it. AWS managed policies grow, so
// an older version is mostly a few long copies, and the default version, the
// one most asked for, needs none. An edit is
//
//	uvarint(n) n bytes to insert, then, if the document is still short of its size,
//	varint(bytes to skip in the newer document) uvarint(bytes to copy from there)
//
// A block is deflated on its own, so opening one version inflates one policy. What
// policies share is in the dictionary, which precedes each block in the
// deflate window; what is most worth finding stands last, nearest to the block.
//
// Documents are bytes here: Encode looks for JSON's punctuation to place its
// edits well, but returns what it was given, whatever that is.
package catalogfile

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

const magic = "writ managed policies 1\n"

// A Catalog is everything but the documents.
type Catalog struct {
	Source   string   // the package and version the data is from, as in "name@1.2.3"
	Policies []Policy // sorted by name, without duplicates
}

// A Policy is one managed policy.
type Policy struct {
	Name, Path string
	Deprecated bool
	Versions   []Version // oldest first, at least one
}

// A Version is one version of a policy.
type Version struct {
	Number     int       // 10 for v10
	Created    time.Time // in whole seconds; zero if not known
	Statements int
	Size       int // bytes of the document
}

// maxNumber bounds the number of a version.
const maxNumber = 1 << 16

// check reports the first way in which c is not as its fields' comments say.
func check(c *Catalog) error {
	for i, p := range c.Policies {
		if i > 0 && c.Policies[i-1].Name >= p.Name {
			return fmt.Errorf("policy %q does not come after %q", p.Name, c.Policies[i-1].Name)
		}
		if strings.Contains(p.Name, "\n") || strings.Contains(p.Path, "\n") {
			return fmt.Errorf("policy %q has a name or a path of more than a line", p.Name)
		}
		if err := p.check(); err != nil {
			return fmt.Errorf("policy %q: %w", p.Name, err)
		}
	}
	return nil
}

// check does the same for the versions.
func (p *Policy) check() error {
	if len(p.Versions) == 0 {
		return errors.New("no versions")
	}
	last := 0
	for _, v := range p.Versions {
		if v.Number <= last || v.Number > maxNumber {
			return fmt.Errorf("version %d cannot come after version %d", v.Number, last)
		}
		last = v.Number
		if v.Statements < 0 {
			return fmt.Errorf("version %d has %d statements", v.Number, v.Statements)
		}
		if v.Size < 0 || v.Size > maxInflated {
			return fmt.Errorf("version %d has %d bytes", v.Number, v.Size)
		}
		if !v.Created.IsZero() && (v.Created.Unix() <= 0 || v.Created.Nanosecond() != 0) {
			return fmt.Errorf("version %d: cannot hold the time %v", v.Number, v.Created)
		}
	}
	return nil
}
