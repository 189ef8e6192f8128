package authref

// Names are folded in ASCII alone: strings.EqualFold and strings.ToLower would
// take the Kelvin sign for a k, and find an action that IAM does not.

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// compareFold compares a and b as if both were in lower case.
func compareFold(a, b string) int {
	for i := range min(len(a), len(b)) {
		if c, d := lower(a[i]), lower(b[i]); c != d {
			return int(c) - int(d)
		}
	}
	return len(a) - len(b)
}

func equalFold(a, b string) bool { return len(a) == len(b) && compareFold(a, b) == 0 }

// hasShape reports whether s has the shape of a pattern: before, at least one
// byte, and after.
func hasShape(s, before, after string) bool {
	return len(s) > len(before)+len(after) &&
		equalFold(s[:len(before)], before) &&
		equalFold(s[len(s)-len(after):], after)
}

func toLower(s string) string {
	folded := []byte(s)
	for i, c := range folded {
		folded[i] = lower(c)
	}
	return string(folded)
}
