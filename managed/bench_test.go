package managed

import "testing"

// BenchmarkIndex is the cost of the first use of the package.
func BenchmarkIndex(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := open(embedded); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCold opens one version as the first use of the package: index,
// dictionary and block.
func BenchmarkCold(b *testing.B) {
	for _, ref := range refs {
		b.Run(ref, func(b *testing.B) {
			want := find(b, ref)
			b.ReportAllocs()
			for b.Loop() {
				policies, err := open(embedded)
				if err != nil {
					b.Fatal(err)
				}
				p, _ := lookup(policies, want.Policy.Name)
				v, _ := p.Version(want.ID)
				v.Document()
			}
		})
	}
}

// BenchmarkNext opens a version of another policy than the last one.
func BenchmarkNext(b *testing.B) {
	for _, ref := range refs {
		b.Run(ref, func(b *testing.B) {
			v, other := find(b, ref), find(b, "AdministratorAccess") // the smallest there is
			b.ReportAllocs()
			for b.Loop() {
				other.Document()
				v.Document()
			}
		})
	}
}

// BenchmarkSame opens a version of the same policy as the last one.
func BenchmarkSame(b *testing.B) {
	for _, ref := range refs {
		b.Run(ref, func(b *testing.B) {
			v := find(b, ref)
			b.ReportAllocs()
			for b.Loop() {
				v.Document()
			}
		})
	}
}

// BenchmarkEvery opens all versions there are, policy by policy.
func BenchmarkEvery(b *testing.B) {
	for b.Loop() {
		for _, p := range All() {
			for _, v := range p.Versions() {
				v.Document()
			}
		}
	}
}

var refs = []string{
	"AmazonS3ReadOnlyAccess", "AdministratorAccess-Amplify@v10", "AdministratorAccess-Amplify", "ReadOnlyAccess", "ReadOnlyAccess@v1",
}

func BenchmarkFindUnknown(b *testing.B) {
	for b.Loop() {
		Find("AdminstratorAccess-Amplyfi")
	}
}
