package sigv4

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A PathRule is how a service makes the canonical form of a path.
type PathRule int

// The rules for paths.
const (
	// NormalizedPath is the rule of most services: dots and repeated slashes are resolved, and the path is encoded as
	// it was sent, so that what was encoded already is encoded twice. IAM and STS have no path but "/".
	NormalizedPath PathRule = iota
	// LiteralPath is the rule of S3, where "a//b" is the name of an object: nothing is resolved, and the path is
	// encoded once.
	LiteralPath
)

// Rules are what differs from service to service. The zero Rules are those of IAM, STS and most others.
type Rules struct {
	Path PathRule
	// UnsignedToken is for the few services whose clients add the session token after they signed.
	UnsignedToken bool
}

// appendCanonical appends the canonical request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request
func (s *Signature) appendCanonical(b []byte, r *http.Request, rules Rules, bodyHash []byte) ([]byte, error) {
	b = append(b, method(r)...)
	b = append(b, '\n')
	b = appendPath(b, r, rules.Path)
	b = append(b, '\n')
	b, err := s.appendQuery(b, r, rules)
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	for _, name := range s.SignedHeaders {
		b = append(b, name...)
		b = append(b, ':')
		b = appendHeader(b, r, name)
		b = append(b, '\n')
	}
	b = append(b, '\n')
	b = append(b, s.names...)
	b = append(b, '\n')
	return append(b, bodyHash...), nil
}

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet // what it means in a request that a client makes
	}
	return r.Method
}

// appendHeader appends a header's values. The server's HTTP implementation takes some out of the map, and they are put
// back here. A header that is not there has the value "": the client must have signed that, and nobody can have taken
// anything away.
func appendHeader(b []byte, r *http.Request, name string) []byte {
	switch name {
	case "host":
		if r.Host == "" && r.URL != nil {
			return appendTrimmed(b, r.URL.Host)
		}
		return appendTrimmed(b, r.Host)
	case "content-length":
		if len(r.Header["Content-Length"]) == 0 && r.ContentLength >= 0 {
			return strconv.AppendInt(b, r.ContentLength, 10)
		}
	case "transfer-encoding":
		if len(r.Header["Transfer-Encoding"]) == 0 {
			return append(b, strings.Join(r.TransferEncoding, ",")...)
		}
	}
	for i, value := range r.Header[textproto.CanonicalMIMEHeaderKey(name)] {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendTrimmed(b, value)
	}
	return b
}

// appendTrimmed appends a value without the spaces around it, and with one for several.
func appendTrimmed(b []byte, value string) []byte {
	value = strings.Trim(value, " \t\r\n")
	for {
		i := strings.Index(value, "  ")
		if i < 0 {
			return append(b, value...)
		}
		b = append(b, value[:i+1]...)
		value = strings.TrimLeft(value[i:], " ")
	}
}

// appendPath appends the canonical path.
func appendPath(b []byte, r *http.Request, rule PathRule) []byte {
	raw := rawPath(r)
	if raw == "" || raw == "/" {
		return append(b, '/')
	}
	if rule == LiteralPath {
		if decoded, err := url.PathUnescape(raw); err == nil {
			raw = decoded
		}
		return appendEncoded(b, raw, '/')
	}
	return appendEncoded(b, normalized(raw), '/')
}

// rawPath is the path as it was sent: url.URL has it decoded, and for some paths no more than a guess of how it was
// encoded.
func rawPath(r *http.Request) string {
	if strings.HasPrefix(r.RequestURI, "/") {
		path, _, _ := strings.Cut(r.RequestURI, "?")
		return path
	}
	if r.URL == nil {
		return ""
	}
	return r.URL.EscapedPath()
}

// normalized resolves dots and repeated slashes, as RFC 3986 does in 5.2.4. A slash at the end stays.
func normalized(path string) string {
	if !strings.Contains(path, "//") && !strings.Contains(path, "/.") {
		return path
	}
	var kept []string
	last := ""
	for last = range strings.SplitSeq(path, "/") {
		switch last {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, last)
		}
	}
	out := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && (last == "" || last == "." || last == "..") {
		out += "/"
	}
	return out
}

// A pair is a parameter of a query, encoded.
type pair struct{ name, value string }

// appendQuery appends the canonical query: decoded and encoded anew, sorted, without the signature.
func (s *Signature) appendQuery(b []byte, r *http.Request, rules Rules) ([]byte, error) {
	if r.URL == nil || r.URL.RawQuery == "" {
		return b, nil
	}
	pairs := make([]pair, 0, 16)
	for part := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		p := pair{}
		var err error
		if p.name, err = recoded(name); err == nil {
			p.value, err = recoded(value)
		}
		if err != nil {
			return nil, malformedQuery()
		}
		if s.Presigned && (p.name == "X-Amz-Signature" || rules.UnsignedToken && p.name == "X-Amz-Security-Token") {
			continue
		}
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		if c := strings.Compare(x.name, y.name); c != 0 {
			return c
		}
		return strings.Compare(x.value, y.value)
	})
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(b, p.name...)
		b = append(b, '=')
		b = append(b, p.value...)
	}
	return b, nil
}

// recoded decodes a name or a value of a query, and encodes it as AWS does.
func recoded(s string) (string, error) {
	plain := true
	for i := range len(s) {
		plain = plain && isUnreserved(s[i])
	}
	if plain {
		return s, nil
	}
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return "", err
	}
	return string(appendEncoded(make([]byte, 0, 3*len(decoded)), decoded, 0)), nil
}

// appendEncoded appends s with every byte encoded that is not unreserved, and is not the byte to keep.
func appendEncoded(b []byte, s string, keep byte) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) || c == keep && keep != 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

func isUnreserved(c byte) bool {
	return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~'
}
