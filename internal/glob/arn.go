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
	part [parts]Pattern
	n    int // how many parts the pattern has
}

// CompileARN reads * and ? in s as wildcards.
func CompileARN(s string) ARN { return SplitARN(Compile(s)) }

// SplitARN takes a pattern apart at its colons.
func SplitARN(p Pattern) (a ARN) {
	for a.n < parts-1 {
		i := strings.IndexByte(string(p), ':')
		if i < 0 {
			break
		}
		a.part[a.n], p = p[:i], p[i+1:]
		a.n++
	}
	a.part[a.n] = p
	a.n++
	return a
}

// A SplitText is a text taken apart for matching against ARN patterns.
type SplitText struct {
	part [parts]string
	ok   bool // there are six parts
}

// Split takes a text apart. A text that is not an ARN of six parts is matched by no pattern.
func Split(s string) (t SplitText) {
	if !strings.HasPrefix(s, "arn:") {
		return t
	}
	for i := range parts - 1 {
		colon := strings.IndexByte(s, ':')
		if colon < 0 {
			return t
		}
		t.part[i], s = s[:colon], s[colon+1:]
	}
	t.part[parts-1], t.ok = s, true
	return t
}

// Match reports whether the pattern matches the ARN t.
func (a *ARN) Match(t *SplitText) bool {
	if !t.ok || a.n == 0 {
		return false
	}
	if a.n < parts && !endsWithAnyRun(a.part[a.n-1]) {
		return false
	}
	// The last part tells most patterns apart, so it goes first.
	for i := a.n - 1; i >= 0; i-- {
		p, text := a.part[i], t.part[i]
		if p == Any || string(p) == text { // most parts: no need to look for wildcards
			continue
		}
		if !p.Match(text) {
			return false
		}
	}
	return true
}

func endsWithAnyRun(p Pattern) bool { return p != "" && p[len(p)-1] == anyRun }
