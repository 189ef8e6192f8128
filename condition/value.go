package condition

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

func isBool(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

// parsePrefix reads a CIDR block, or an address as the block of itself. Host bits do not count.
func parsePrefix(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, strconv.ErrSyntax
		}
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// appendBinary adds the bytes that s stands for in base64 to buf.
func appendBinary(buf []byte, s string) ([]byte, bool) {
	b, err := base64.StdEncoding.AppendDecode(buf, []byte(s))
	return b, err == nil
}

// A decimal is a number without a bound on its digits: 10 and 10.0 are equal, and so are no two that differ in the
// thirtieth place. It is 0.dddd… times ten to the power of magnitude, where dddd… are the digits of whole and then of
// fraction, without zeros at either end.
type decimal struct {
	negative        bool
	whole, fraction string
	magnitude       int
}

// maxExponent bounds what an exponent can be.
const maxExponent = 400

func parseDecimal(s string) (d decimal, ok bool) {
	s, d.negative = strings.CutPrefix(s, "-")
	if !d.negative {
		s, _ = strings.CutPrefix(s, "+")
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil || n < -maxExponent || n > maxExponent {
			return decimal{}, false
		}
		s, d.magnitude = s[:i], n
	}
	d.whole, d.fraction, _ = strings.Cut(s, ".")
	if d.whole == "" && d.fraction == "" || !digits(d.whole) || !digits(d.fraction) {
		return decimal{}, false
	}
	d.whole = strings.TrimLeft(d.whole, "0")
	d.magnitude += len(d.whole)
	if d.whole == "" { // 0.00ddd
		rest := strings.TrimLeft(d.fraction, "0")
		d.magnitude -= len(d.fraction) - len(rest)
		d.fraction = rest
	}
	if d.fraction = strings.TrimRight(d.fraction, "0"); d.fraction == "" {
		d.whole = strings.TrimRight(d.whole, "0")
	}
	if d.whole == "" && d.fraction == "" {
		return decimal{}, true // zero has no sign
	}
	return d, true
}

// compare returns -1, 0 or 1 as d is less than, equal to or greater than e.
func (d decimal) compare(e decimal) int {
	if c := cmp.Compare(d.sign(), e.sign()); c != 0 || d.sign() == 0 {
		return c
	}
	size := cmp.Compare(d.magnitude, e.magnitude)
	for i := 0; size == 0; i++ {
		a, b := d.digit(i), e.digit(i)
		if a == 0 && b == 0 { // behind the last digit of both
			break
		}
		size = cmp.Compare(a, b)
	}
	return size * d.sign()
}

func (d *decimal) sign() int {
	switch {
	case d.whole == "" && d.fraction == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// digit returns the i-th digit, from 0, and a zero byte behind the last.
func (d *decimal) digit(i int) byte {
	switch {
	case i < len(d.whole):
		return d.whole[i]
	case i < len(d.whole)+len(d.fraction):
		return d.fraction[i-len(d.whole)]
	}
	return 0
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// An instant is a point in time.
type instant struct {
	seconds int64 // since 1970
	nanos   int64
}

func (t instant) compare(u instant) int {
	return cmp.Or(cmp.Compare(t.seconds, u.seconds), cmp.Compare(t.nanos, u.nanos))
}

// parseInstant reads a date in one of the forms of https://www.w3.org/TR/NOTE-datetime, or as seconds since 1970.
// Four digits are a year.
func parseInstant(s string) (instant, bool) {
	layout := ""
	switch {
	case len(s) == len("2006") && digits(s):
		layout = "2006"
	case len(s) == len("2006-01") && s[4] == '-':
		layout = "2006-01"
	case len(s) == len("2006-01-02") && s[4] == '-' && s[7] == '-':
		layout = "2006-01-02"
	case len(s) > len("2006-01-02T15:04") && s[10] == 'T' && !strings.Contains(s, ","):
		layout = "2006-01-02T15:04Z07:00"
		if s[16] == ':' {
			layout = "2006-01-02T15:04:05Z07:00" // with or without a fraction of the second
		}
	default:
		number, negative := strings.CutPrefix(s, "-")
		if number == "" || !digits(number) {
			return instant{}, false
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if negative {
			n = -n
		}
		return instant{n, 0}, err == nil
	}
	t, err := time.Parse(layout, s)
	return instant{t.Unix(), int64(t.Nanosecond())}, err == nil
}
