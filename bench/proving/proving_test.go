package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/prove"
)

func TestQuantiles(t *testing.T) {
	var hundred []float64
	for i := range 100 {
		hundred = append(hundred, float64(100-i))
	}
	for q, want := range map[float64]float64{0.5: 50.5, 0.9: 90, 0.99: 99, 1: 100} {
		if got := quantile(hundred, q); got != want {
			t.Errorf("quantile %v of 1 to 100: %v, want %v", q, got, want)
		}
	}
	if got := quantile([]float64{7}, 0.99); got != 7 {
		t.Errorf("quantile of one value: %v", got)
	}
}

func TestAReportTellsWhatWasMeasured(t *testing.T) {
	steps, err := stepsOf(mission)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := draw(2)
	if err != nil {
		t.Fatal(err)
	}
	again, err := draw(2)
	if err != nil || again[0].name != drawn[0].name || again[1].name != drawn[1].name {
		t.Errorf("drawn anew: %v", err)
	}
	r := &report{command: "go run ./proving", rounds: 1}
	if r.steps, err = ask(t.Context(), steps[:2], 1, false); err != nil {
		t.Fatal(err)
	}
	if r.drawn, err = ask(t.Context(), drawn, 1, false); err != nil {
		t.Fatal(err)
	}
	if s := r.steps[0]; s.answers[0][adds] != prove.Refuted || s.differences[0][adds] == 0 || s.took[0][adds] <= 0 || s.floor <= 0 {
		t.Errorf("the first step: %+v", s)
	}
	var b bytes.Buffer
	r.write(&b)
	for _, want := range []string{"## Goals", "| v1 to v2 | adds |", "Z3 is left out", "`writ validate` was not measured"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the document does not have %q:\n%s", want, &b)
		}
	}
}
