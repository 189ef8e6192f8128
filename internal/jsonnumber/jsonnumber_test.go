package jsonnumber_test

import (
	"encoding/json"
	"testing"

	"github.com/writ-iam/writ/internal/jsonnumber"
)

func TestScan(t *testing.T) {
	for text, want := range map[string]int{
		"0": 1, "-0": 2, "7": 1, "120": 3, "-12.50": 6, "1e9": 3, "1E+9": 4, "1.5e-10": 7, "0.1": 3, "0e1": 3,
		"1,2": 1, "1]": 1, "1 ": 1, "0x1": 1, "1..2": -1, "1.e": -1,
		"": -1, "-": -1, "01": -1, "-01": -1, ".5": -1, "1.": -1, "1e": -1, "1e+": -1, "+1": -1, "a": -1, "--1": -1,
	} {
		n, ok := jsonnumber.Scan([]byte(text))
		if ok != (want >= 0) || ok && n != want || n > len(text) {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	}
}

// FuzzScan holds the form against that of encoding/json.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{"0", "-1.5e+7", "01", "1.", "1e", "-", "12abc"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := jsonnumber.Scan([]byte(text))
		if n < 0 || n > len(text) {
			t.Fatalf("%q: %d", text, n)
		}
		var number json.Number
		if whole := json.Unmarshal([]byte(text), &number) == nil && isNumber(text); whole != (ok && n == len(text)) {
			t.Errorf("%q: %d, %v", text, n, ok)
		}
	})
}

// isNumber reports whether a text that is JSON is a number without white space.
func isNumber(text string) bool {
	first, last := text[0], text[len(text)-1]
	return (first == '-' || '0' <= first && first <= '9') && '0' <= last && last <= '9'
}
