package glob

import "strings"

// parts is the number of parts of an ARN: arn, partition, service, region, account, resource.
const parts = 6

// An ARN is a compiled pattern over ARNs, as Resource elements and the ARN condition operators hold them. It is
// matched part by part, so that a wildcard in one of the first five parts stays within that part; the sixth, the
// resource, is everything behind the fifth colon, and there a * passes over colons and slashes.
//
// A pattern of fewer than six parts names a whole ARN only if it ends with *, which then stands for the missing
// parts too: arn:aws:rds:* is every RDS resource, and * is every ARN. The zero ARN matches nothing.
type ARN struct {
	part [parts]Matcher
	n    int // how many parts the pattern has
}

// SplitARN takes a pattern apart at its colons.
func SplitARN(p Pattern) (a ARN) {
	for ; a.n < parts; a.n++ {
		colon := -1
		if a.n < parts-1 {
			colon = strings.IndexByte(string(p), ':')
		}
		if colon < 0 {
			a.part[a.n] = NewMatcher(p)
			a.n++
			break
		}
		a.part[a.n], p = NewMatcher(p[:colon]), p[colon+1:]
	}
	return a
}

// A SplitText is a text taken apart for matching against ARN patterns. It is not valid after the text is.
type SplitText struct {
	text  string
	colon [parts - 1]uint32
	ok    bool // there are six parts
}

// Split takes a text apart. A text that is not an ARN of six parts is matched by no pattern.
func Split(s string) (t SplitText) {
	t.Set(s)
	return t
}

// Set is Split in place, for a zero t.
func (t *SplitText) Set(s string) {
	if len(s) < 8 || s[:4] != "arn:" || len(s) > 1<<31-1 {
		return
	}
	t.text = s
	t.colon[0] = 3
	at, i := 3, 1
	if s[4:8] == "aws:" { // the common case, for which every nanosecond counts
		t.colon[1] = 7
		at, i = 7, 2
	}
	for at++; at < len(s); at++ {
		if s[at] == ':' {
			t.colon[i] = uint32(at)
			if i++; i == len(t.colon) {
				t.ok = true
				return
			}
		}
	}
}

// part returns a part of the ARN, from 0 for "arn" to 5 for the resource.
func (t *SplitText) part(i int) string {
	switch i {
	case 0:
		return t.text[:3]
	case parts - 1:
		return t.text[t.colon[parts-2]+1:]
	}
	return t.text[t.colon[i-1]+1 : t.colon[i]]
}

// Resource returns the sixth part; it is empty if the text is not an ARN.
func (t *SplitText) Resource() string {
	if !t.ok {
		return ""
	}
	return t.part(parts - 1)
}

// Account returns the fifth part; it is empty if the text is not an ARN.
func (t *SplitText) Account() string {
	if !t.ok {
		return ""
	}
	return t.part(4)
}

// Match reports whether the pattern matches the ARN t.
func (a *ARN) Match(t *SplitText) bool {
	if !t.ok || !a.CanMatch() {
		return false
	}
	// The last part tells most patterns apart, so it goes first.
	for i := a.n - 1; i >= 0; i-- {
		if !a.part[i].Match(t.part(i)) {
			return false
		}
	}
	return true
}

// CanMatch reports whether there are ARNs that the pattern could match: it has six parts, or ends with *.
func (a *ARN) CanMatch() bool {
	return a.n == parts || a.n > 0 && endsWithAnyRun(a.part[a.n-1].pattern)
}

func endsWithAnyRun(p Pattern) bool { return p != "" && p[len(p)-1] == anyRun }
