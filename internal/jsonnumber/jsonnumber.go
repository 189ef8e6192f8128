// Package jsonnumber knows the form of a number in JSON, for readers of JSON that keep the text of numbers.
//
// https://www.rfc-editor.org/rfc/rfc8259#section-6
package jsonnumber

import "strings"

// Scan returns how many bytes at the beginning of a text are a number, and whether they are one. If they are not, n is where one
// would have to go on.
func Scan(text []byte) (n int, ok bool) {
	digits := func() bool {
		from := n
		for n < len(text) && '0' <= text[n] && text[n] <= '9' {
			n++
		}
		return n > from
	}
	at := func(set string) bool { return n < len(text) && strings.IndexByte(set, text[n]) >= 0 }
	if at("-") {
		n++
	}
	zero, from := at("0"), n
	ok = digits() && !(zero && n-from > 1)
	if ok && at(".") {
		n++
		ok = digits()
	}
	if ok && at("eE") {
		if n++; at("+-") {
			n++
		}
		ok = digits()
	}
	return n, ok
}
