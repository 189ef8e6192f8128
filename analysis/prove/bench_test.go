package prove_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// successive returns all pairs of successive versions of the policies, parsed.
func successive(b *testing.B, policies ...*managed.Policy) (pairs [][2]prove.Policies, names []string) {
	side := func(v *managed.Version) prove.Policies {
		doc, err := policy.Parse(v.Document())
		if err != nil {
			b.Fatalf("%s: %v", v.Ref(), err)
		}
		return identity(doc)
	}
	for _, p := range policies {
		versions := p.Versions()
		for i := range versions[1:] {
			pairs = append(pairs, [2]prove.Policies{side(versions[i]), side(versions[i+1])})
			names = append(names, versions[i].ID+"-"+versions[i+1].ID)
		}
	}
	return pairs, names
}

// BenchmarkAmplifySteps asks what each step in the history of AdministratorAccess-Amplify adds and removes.
func BenchmarkAmplifySteps(b *testing.B) {
	p, ok := managed.Lookup("AdministratorAccess-Amplify")
	if !ok {
		b.Fatal("there is no AdministratorAccess-Amplify")
	}
	pairs, names := successive(b, p)
	for i, pair := range pairs {
		for d, direction := range []string{"removes", "adds"} {
			b.Run(names[i]+"/"+direction, func(b *testing.B) {
				for b.Loop() {
					if _, err := prove.Exceeds(context.Background(), pair[d], pair[1-d], prove.Options{}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkSuccessivePairs asks both ways for pairs of versions that are drawn from all managed policies, one after the other.
func BenchmarkSuccessivePairs(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 0))
	all := managed.All()
	var some []*managed.Policy
	for _, i := range r.Perm(len(all))[:100] {
		some = append(some, all[i])
	}
	pairs, _ := successive(b, some...)
	for _, universe := range []prove.Universe{prove.Open, prove.Reference} {
		b.Run(universe.String(), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				pair := pairs[i%len(pairs)]
				if _, err := prove.Compare(context.Background(), pair[0], pair[1], prove.Options{Universe: universe}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
