package escalate_test

import (
	"context"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
	"github.com/writ-iam/writ/analysis/prove"
	"github.com/writ-iam/writ/managed"
	"github.com/writ-iam/writ/policy"
)

// BenchmarkAnalyze judges all methods for a holder of one policy.
func BenchmarkAnalyze(b *testing.B) {
	for _, ref := range []string{"AdministratorAccess-Amplify@v10", "PowerUserAccess", "ReadOnlyAccess", "AdministratorAccess"} {
		v, err := managed.Find(ref)
		if err != nil {
			b.Fatal(err)
		}
		doc, err := policy.Parse(v.Document())
		if err != nil {
			b.Fatal(err)
		}
		h := &escalate.Holder{Policies: prove.Policies{Identity: []*policy.Document{doc}}}
		b.Run(ref, func(b *testing.B) {
			for b.Loop() {
				if _, err := escalate.Analyze(context.Background(), h, escalate.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
