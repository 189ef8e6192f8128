package sigv4

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// suite is AWS's signing test suite, from awslabs/aws-c-auth.
type suite struct {
	Cases []struct {
		Name    string
		Context struct {
			Credentials struct {
				AccessKeyID     string `json:"access_key_id"`
				SecretAccessKey string `json:"secret_access_key"`
				Token           string
			}
			Expiration       int `json:"expiration_in_seconds"`
			Normalize        bool
			Region           string
			Service          string
			Timestamp        time.Time
			OmitSessionToken bool `json:"omit_session_token"`
		}
		Header, Query form
	}
}

type form struct {
	CanonicalRequest string `json:"canonical_request"`
	StringToSign     string `json:"string_to_sign"`
	Signature        string
	SignedRequest    string `json:"signed_request"`
}

// A case of the suite, ready to be verified.
type suiteCase struct {
	name   string
	form   form
	rules  Rules
	secret string
	keyID  string
	token  string
	now    time.Time
}

func suiteCases(t testing.TB) (all []suiteCase) {
	src, err := os.ReadFile("testdata/sigv4-suite.json")
	if err != nil {
		t.Fatal(err)
	}
	var s suite
	if err := json.Unmarshal(src, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Cases) != 38 {
		t.Fatalf("the suite has %d cases, not 38", len(s.Cases))
	}
	for _, c := range s.Cases {
		rules := Rules{UnsignedToken: c.Context.OmitSessionToken}
		if !c.Context.Normalize {
			rules.Path = LiteralPath
		}
		for kind, f := range map[string]form{"header": c.Header, "query": c.Query} {
			all = append(all, suiteCase{
				c.Name + "/" + kind, f, rules, c.Context.Credentials.SecretAccessKey, c.Context.Credentials.AccessKeyID,
				c.Context.Credentials.Token, c.Context.Timestamp,
			})
		}
	}
	return all
}

// request reads a request as a server would, but for paths that no server of net/http takes: the suite has some with
// spaces and unencoded letters.
func request(t testing.TB, raw string) (*http.Request, []byte) {
	t.Helper()
	head, body, _ := strings.Cut(raw, "\n\n")
	line, rest, _ := strings.Cut(head, "\n")
	method, target, _ := strings.Cut(line, " ")
	target = strings.TrimSuffix(target, " HTTP/1.1")
	header, err := textproto.NewReader(bufio.NewReader(strings.NewReader(rest + "\n\n"))).ReadMIMEHeader()
	if err != nil {
		t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	r := &http.Request{
		Method: method, RequestURI: target, URL: &url.URL{Path: path, RawQuery: query},
		Header: http.Header(header), Host: header.Get("Host"), ContentLength: -1,
	}
	if n := header.Get("Content-Length"); n != "" {
		if r.ContentLength, err = strconv.ParseInt(n, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	delete(r.Header, "Host")
	delete(r.Header, "Content-Length")
	return r, []byte(body)
}

func TestSuite(t *testing.T) {
	for _, c := range suiteCases(t) {
		t.Run(c.name, func(t *testing.T) {
			r, body := request(t, c.form.SignedRequest)
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			if s.AccessKeyID != c.keyID || s.SecurityToken != c.token || s.Region != "us-east-1" || !s.Time.Equal(c.now) ||
				s.Presigned != strings.HasSuffix(c.name, "query") || s.Presigned && s.Expires != time.Hour {
				t.Errorf("read %+v", s)
			}
			if err := s.CheckService("iam", "service"); err != nil {
				t.Error(err)
			}
			hash := sha256.Sum256(body)
			canonical, err := s.appendCanonical(nil, r, c.rules, []byte(hex.EncodeToString(hash[:])))
			if err != nil {
				t.Fatal(err)
			}
			if string(canonical) != c.form.CanonicalRequest {
				t.Errorf("canonical request\n%s\nwant\n%s", canonical, c.form.CanonicalRequest)
			}
			if got := s.appendStringToSign(nil, canonical); string(got) != c.form.StringToSign {
				t.Errorf("string to sign\n%s\nwant\n%s", got, c.form.StringToSign)
			}
			if s.signature != c.form.Signature {
				t.Errorf("signature %s, want %s", s.signature, c.form.Signature)
			}
			var keys Keys
			for range 2 { // once to derive the key, once from memory
				if err := keys.VerifyBy(c.rules, s, r, body, c.secret, c.now.Add(time.Minute)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestTampered changes one thing of each signed request of the suite, whatever that is: none verifies.
func TestTampered(t *testing.T) {
	for _, c := range suiteCases(t) {
		r, body := request(t, c.form.SignedRequest)
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		var keys Keys
		refused := func(what string, reason Reason, s *Signature, r *http.Request, body []byte, secret string, now time.Time) {
			t.Helper()
			err := keys.VerifyBy(c.rules, s, r, body, secret, now)
			if e, ok := err.(*Error); !ok || e.Reason != reason {
				t.Errorf("%s, %s: %v, want %v", c.name, what, err, reason)
			} else if strings.Contains(e.Explained(), secret) {
				t.Errorf("%s, %s: the secret is in the error", c.name, what)
			}
		}
		for i := range s.signature {
			for _, bit := range []byte{1, 0x20, 0x80} {
				flipped := []byte(s.signature)
				flipped[i] ^= bit
				changed := *s
				changed.signature = string(flipped)
				refused("signature", Mismatch, &changed, r, body, c.secret, c.now)
			}
		}
		for _, cut := range []string{"", s.signature[:63], s.signature + "0", strings.ToUpper(s.signature)} {
			changed := *s
			changed.signature = cut
			refused("length of the signature", Mismatch, &changed, r, body, c.secret, c.now)
		}
		refused("secret", Mismatch, s, r, body, c.secret+"x", c.now)
		bodyReason := Mismatch
		if r.Header.Get("X-Amz-Content-Sha256") != "" {
			bodyReason = BodyMismatch
		}
		refused("body", bodyReason, s, r, append(bytes.Clone(body), 'x'), c.secret, c.now)
		limit := Window
		if s.Presigned {
			limit = s.Expires
		}
		if err := keys.VerifyBy(c.rules, s, r, body, c.secret, c.now.Add(limit)); err != nil {
			t.Errorf("%s: at its end: %v", c.name, err)
		}
		refused("too late", Expired, s, r, body, c.secret, c.now.Add(limit+time.Second))
		refused("too early", NotYetCurrent, s, r, body, c.secret, c.now.Add(-Window-time.Second))

		for _, name := range s.SignedHeaders {
			changed := r.Clone(t.Context())
			reason := Mismatch
			switch name {
			case "host":
				changed.Host = "elsewhere.example.com"
			case "content-length":
				changed.ContentLength++
			case "x-amz-content-sha256":
				reason = BodyMismatch
				fallthrough
			default:
				name := textproto.CanonicalMIMEHeaderKey(name)
				changed.Header[name] = append(changed.Header[name], "more")
			}
			if name == "x-amz-date" { // read by Parse: its time is what is signed
				if _, err := Parse(changed); err == nil {
					t.Errorf("%s: two dates", c.name)
				}
			}
			refused(name, reason, s, changed, body, c.secret, c.now)
		}
		changed := r.Clone(t.Context())
		changed.Header.Set("X-Amz-Target", "Service.Operation")
		refused("a header added", UnsignedHeader, s, changed, body, c.secret, c.now)
		changed = r.Clone(t.Context())
		changed.URL.RawQuery += "&Action=DeleteUser"
		refused("a parameter added", Mismatch, s, changed, body, c.secret, c.now)
		changed = r.Clone(t.Context())
		changed.Method = "PUT"
		refused("method", Mismatch, s, changed, body, c.secret, c.now)
		changed = r.Clone(t.Context())
		changed.RequestURI = "/elsewhere"
		refused("path", Mismatch, s, changed, body, c.secret, c.now)
		for _, change := range []func(*Signature){
			func(s *Signature) { s.Date = "20150831" }, func(s *Signature) { s.Region += "x" }, func(s *Signature) { s.Service += "x" },
			func(s *Signature) { s.Time = s.Time.Add(time.Second) },
		} {
			other := *s
			change(&other)
			refused("scope", Mismatch, &other, r, body, c.secret, c.now)
		}
	}
}
