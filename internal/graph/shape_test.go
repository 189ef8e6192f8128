package graph

import (
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/escalate"
)

// TestSettledNeedsAreThoseOfTheTable keeps what the graph checks in step with what the methods say that they need.
func TestSettledNeedsAreThoseOfTheTable(t *testing.T) {
	needed := map[string]bool{}
	closes := false
	for _, m := range escalate.Methods() {
		for _, need := range m.Needs {
			needed[need] = true
			closes = closes || strings.Contains(need, closed)
		}
	}
	for need := range settled {
		if !needed[need] {
			t.Errorf("no method needs %q", need)
		}
	}
	if !closes {
		t.Errorf("no method needs anything %q", closed)
	}
}
