package sigv4_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	signer "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/writ-iam/writ/internal/sigv4"
)

const (
	keyID  = "AKIAIOSFODNN7EXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var now = time.Date(2026, 11, 24, 0, 5, 0, 0, time.UTC)

func sum(body string) string {
	h := sha256.Sum256([]byte(body))
	return hex.EncodeToString(h[:])
}

// signed is a request signed by the AWS SDK for Go.
func signed(t testing.TB, method, target, body, token string, presign bool, at time.Time, change func(*http.Request)) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	creds := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: token}
	if presign {
		signedURL, header, err := signer.NewSigner().PresignHTTP(context.Background(), creds, r, sum(body), "iam", "eu-west-1", at)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL, err = url.Parse(signedURL); err != nil {
			t.Fatal(err)
		}
		r.Header = header
		return r
	}
	if err := signer.NewSigner().SignHTTP(context.Background(), creds, r, sum(body), "iam", "eu-west-1", at); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSDK signs random requests with the AWS SDK for Go, sends them through a real server, and verifies them there.
func TestSDK(t *testing.T) {
	var keys sigv4.Keys
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		s, err := sigv4.Parse(r)
		if err == nil {
			err = keys.Verify(s, r, body, secret, now)
		}
		var e *sigv4.Error
		if errors.As(err, &e) {
			http.Error(w, e.Explained(), e.Status)
			return
		}
		fmt.Fprint(w, s.AccessKeyID, " ", s.Region, " ", s.Service, " ", s.SecurityToken)
	}))
	defer server.Close()

	rnd := rand.New(rand.NewPCG(1, 2))
	text := func(n int) string {
		letters := []rune("abz019-._~ /+%&=?#:;,'\"\\<>äሴ€ ")
		out := make([]rune, rnd.IntN(n))
		for i := range out {
			out[i] = letters[rnd.IntN(len(letters))]
		}
		return string(out)
	}
	for i := range 600 {
		query := url.Values{}
		for range rnd.IntN(5) {
			query.Add("k"+text(6), text(12))
		}
		path := "/"
		for range rnd.IntN(3) {
			path += url.PathEscape("p"+strings.ReplaceAll(text(8), "/", "")) + "/"
		}
		token := ""
		if rnd.IntN(2) == 0 {
			token = "IQoJb3JpZ2luX2VjE+/token==" + fmt.Sprint(i)
		}
		method, body := "POST", "Action=ListUsers&x="+text(40)
		if rnd.IntN(3) == 0 {
			method, body = "GET", ""
		}
		target := server.URL + path + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
		r := signed(t, method, target, body, token, rnd.IntN(3) == 0, now.Add(-time.Minute), func(r *http.Request) {
			if body != "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			}
			if rnd.IntN(2) == 0 {
				r.Header.Set("X-Amz-Target", "Service."+strings.Repeat(" ", rnd.IntN(4))+"Op")
			}
			if rnd.IntN(2) == 0 {
				r.Header.Set("Amz-Sdk-Request", "attempt=1;  max=3")
			}
		})
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if want := keyID + " eu-west-1 iam " + token; resp.StatusCode != 200 || string(answer) != want {
			t.Fatalf("%s %s: %d %s", method, r.URL, resp.StatusCode, answer)
		}
	}
}

// authorization is a header of Signature Version 4, with some of its parts changed.
func authorization(replace ...string) string {
	const good = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261124/us-east-1/iam/aws4_request, SignedHeaders=host;x-amz-date, " +
		"Signature=c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
	return strings.NewReplacer(replace...).Replace(good)
}

func unsigned(header ...string) *http.Request {
	r := httptest.NewRequest("POST", "http://iam.example.com/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func TestParseErrors(t *testing.T) {
	const date = "20261124T000500Z"
	query := func(s string) *http.Request { return httptest.NewRequest("GET", "/?"+s, nil) }
	const presigned = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261124%2Fus-east-1%2Fsts%2Faws4_request&" +
		"X-Amz-Date=20261124T000500Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00"
	for _, c := range []struct {
		name   string
		r      *http.Request
		reason sigv4.Reason
		status int
		text   string // the whole of Error, or, after a *, a part of it
	}{
		{"nothing", unsigned(), sigv4.Missing, 403, "MissingAuthenticationToken: Request is missing Authentication Token"},
		{"empty", unsigned("Authorization", " "), sigv4.Missing, 403, "MissingAuthenticationToken: Request is missing Authentication Token"},
		{"no credential", unsigned("Authorization", "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00", "X-Amz-Date", date), sigv4.Malformed, 400,
			"*IncompleteSignature: Authorization header requires 'Credential' parameter. (Hashed with SHA-256 and encoded with Base64) Authorization="},
		{"bearer token", unsigned("Authorization", "Bearer secret-token"), sigv4.Malformed, 400,
			"*Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires " +
				"'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. (Hashed"},
		{"version 2", unsigned("Authorization", "AWS AKIAIOSFODNN7EXAMPLE:qaNdqGsI6bq4Hi+9Gzovwyjbh0E=", "Date", date), sigv4.Malformed, 400, "*requires 'Credential'"},
		{"version 2 in the query", query("AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&SignatureVersion=2"), sigv4.Unsupported, 400,
			"IncompleteSignature: Signature Version 2 is not supported. Sign with AWS4-HMAC-SHA256."},
		{"version 4a", unsigned("Authorization", authorization("AWS4-HMAC", "AWS4-ECDSA-P256"), "X-Amz-Date", date), sigv4.Unsupported, 400,
			"IncompleteSignature: Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'"},
		{"no equal sign", unsigned("Authorization", "AWS4-HMAC-SHA256 Credential"), sigv4.Malformed, 400, "*(missing equal-sign) in Authorization header"},
		{"unknown part", unsigned("Authorization", authorization("Signature=", "Sig=")), sigv4.Malformed, 400, "*'Sig'"},
		{"part twice", unsigned("Authorization", authorization()+", Signature=00", "X-Amz-Date", date), sigv4.Ambiguous, 400, "*more than one 'Signature'"},
		{"two headers", unsigned("Authorization", authorization(), "Authorization", authorization()), sigv4.Ambiguous, 400, "*more than one Authorization"},
		{"no date", unsigned("Authorization", authorization()), sigv4.Malformed, 400, "*either a 'X-Amz-Date' or a 'Date' header"},
		{"two dates", unsigned("Authorization", authorization(), "X-Amz-Date", date, "X-Amz-Date", date), sigv4.Ambiguous, 400, "*'X-Amz-Date'"},
		{"two tokens", unsigned("Authorization", authorization(), "X-Amz-Date", date, "X-Amz-Security-Token", "a", "X-Amz-Security-Token", "b"),
			sigv4.Ambiguous, 400, "*'X-Amz-Security-Token'"},
		{"date", unsigned("Authorization", authorization(), "X-Amz-Date", "2026-11-24"), sigv4.Malformed, 400,
			"IncompleteSignature: Date must be in ISO-8601 'basic format'. Got '2026-11-24'. See http://en.wikipedia.org/wiki/ISO_8601"},
		{"a fraction of a second", unsigned("Authorization", authorization(), "X-Amz-Date", "20261124T000500.5Z"), sigv4.Malformed, 400, "*Date must be"},
		{"four parts", unsigned("Authorization", authorization("/iam", ""), "X-Amz-Date", date), sigv4.Malformed, 400,
			"IncompleteSignature: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"},
		{"secret for an id", unsigned("Authorization", authorization(keyID, secret), "X-Amz-Date", date), sigv4.Malformed, 400, "*exactly 5 slash-delimited"},
		{"no id", unsigned("Authorization", authorization(keyID, ""), "X-Amz-Date", date), sigv4.InvalidKeyID, 403,
			"InvalidClientTokenId: The security token included in the request is invalid."},
		{"letters of an id", unsigned("Authorization", authorization(keyID, "a+b"), "X-Amz-Date", date), sigv4.InvalidKeyID, 403, "*InvalidClientTokenId"},
		{"long id", unsigned("Authorization", authorization(keyID, strings.Repeat("A", 129)), "X-Amz-Date", date), sigv4.InvalidKeyID, 403, "*Invalid"},
		{"no region", unsigned("Authorization", authorization("us-east-1", ""), "X-Amz-Date", date), sigv4.WrongScope, 403,
			"SignatureDoesNotMatch: Credential should be scoped to a valid region, not ''."},
		{"no service", unsigned("Authorization", authorization("/iam/", "//"), "X-Amz-Date", date), sigv4.WrongScope, 403, "*correct service"},
		{"terminator", unsigned("Authorization", authorization("aws4_request", "aws5_request"), "X-Amz-Date", date), sigv4.WrongScope, 403,
			"SignatureDoesNotMatch: Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."},
		{"day", unsigned("Authorization", authorization("20261124", "20261123"), "X-Amz-Date", date), sigv4.WrongScope, 403,
			"SignatureDoesNotMatch: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
				"'20261123' != '20261124', from '20261124T000500Z'."},
		{"no host", unsigned("Authorization", authorization("host;", ""), "X-Amz-Date", date), sigv4.UnsignedHeader, 403,
			"SignatureDoesNotMatch: 'Host' must be a 'SignedHeader' in the AWS Authorization."},
		{"not sorted", unsigned("Authorization", authorization("host;", "", "date,", "date;host,"), "X-Amz-Date", date), sigv4.Malformed, 400, "*sorted"},
		{"header twice", unsigned("Authorization", authorization("host;", "host;host;"), "X-Amz-Date", date), sigv4.Malformed, 400, "*sorted"},
		{"upper case", unsigned("Authorization", authorization("host;", "Host;"), "X-Amz-Date", date), sigv4.Malformed, 400, "*lower case"},
		{"no name", unsigned("Authorization", authorization("host;", ";host;"), "X-Amz-Date", date), sigv4.Malformed, 400, "*lower case"},
		{"end of line in a name", unsigned("Authorization", authorization("host;", "a\nb;host;"), "X-Amz-Date", date), sigv4.Malformed, 400, "*lower case"},
		{"many headers", unsigned("Authorization", authorization("host;", strings.Repeat("h;", 200)), "X-Amz-Date", date), sigv4.Malformed, 400, "*More than 128"},
		{"long", unsigned("Authorization", authorization(keyID, strings.Repeat("A", 1<<20)), "X-Amz-Date", date), sigv4.Malformed, 400, "*longer than"},

		{"both", func() *http.Request { r := query(presigned); r.Header.Set("Authorization", authorization()); return r }(), sigv4.Ambiguous, 403,
			"SignatureDoesNotMatch: Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header."},
		{"query without a signature", query(strings.Split(presigned, "&X-Amz-Signature")[0]), sigv4.Malformed, 400,
			"IncompleteSignature: AWS query-string parameters must include 'X-Amz-Signature'. Re-examine the query-string parameters."},
		{"query parameter twice", query(presigned + "&X-Amz-Signature=01"), sigv4.Ambiguous, 400, "*'X-Amz-Signature' must be there once"},
		{"expires 0", query(strings.Replace(presigned, "Expires=60", "Expires=0", 1)), sigv4.Malformed, 400, "*from 1 to 604800"},
		{"expires -1", query(strings.Replace(presigned, "Expires=60", "Expires=-1", 1)), sigv4.Malformed, 400, "*from 1 to 604800"},
		{"expires too late", query(strings.Replace(presigned, "Expires=60", "Expires=604801", 1)), sigv4.Malformed, 400, "*from 1 to 604800"},
		{"expires overflow", query(strings.Replace(presigned, "Expires=60", "Expires=99999999999999999999", 1)), sigv4.Malformed, 400, "*604800"},
		{"expires empty", query(strings.Replace(presigned, "Expires=60", "Expires=", 1)), sigv4.Malformed, 400, "*from 1 to 604800"},
		{"query algorithm", query(strings.Replace(presigned, "HMAC", "ECDSA-P256", 1)), sigv4.Unsupported, 400, "*'AWS4-ECDSA-P256-SHA256'"},
		{"query escape", query(presigned + "&X-Amz-Security-Token=%zz"), sigv4.Malformed, 404, "MalformedQueryString: The query string contains a syntax error."},
		{"long names", query(strings.Replace(presigned, "=host", "="+strings.Repeat("h", 1<<16), 1)), sigv4.Malformed, 400, "*longer than"},
	} {
		s, err := sigv4.Parse(c.r)
		var e *sigv4.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: read as %+v", c.name, s)
			continue
		}
		part, isPart := strings.CutPrefix(c.text, "*")
		if e.Reason != c.reason || e.Status != c.status || isPart && !strings.Contains(e.Error(), part) || !isPart && e.Error() != part {
			t.Errorf("%s: %v, %d, %q", c.name, e.Reason, e.Status, e.Error())
		}
		for _, private := range []string{"wJalrXUtnFEMI", "secret-token", "qaNdqGsI6bq4Hi"} {
			if strings.Contains(e.Explained(), private) {
				t.Errorf("%s: what may be a secret is in %q", c.name, e.Explained())
			}
		}
		if len(e.Message) > 1000 || strings.ContainsFunc(e.Message, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s: message %q", c.name, e.Message)
		}
	}
}

func TestTimes(t *testing.T) {
	var keys sigv4.Keys
	verify := func(r *http.Request, body string, at time.Time) string {
		t.Helper()
		s, err := sigv4.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := keys.Verify(s, r, []byte(body), secret, at); err != nil {
			return err.Error()
		}
		return ""
	}
	old := time.Date(2011, 9, 9, 23, 36, 0, 0, time.UTC)
	r := signed(t, "POST", "https://iam.example.com/", "b", "", false, old, nil)
	if got, want := verify(r, "b", now), "SignatureDoesNotMatch: Signature expired: 20110909T233600Z is now earlier than 20261124T000000Z "+
		"(20261124T000500Z - 5 min.)"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := verify(r, "b", old.Add(-6*time.Minute)), "SignatureDoesNotMatch: Signature not yet current: 20110909T233600Z is still later than "+
		"20110909T233500Z (20110909T233000Z + 5 min.)"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	elsewhere := time.FixedZone("", 7*3600)
	if got := verify(r, "b", old.Add(5*time.Minute).In(elsewhere)); got != "" {
		t.Error(got)
	}

	// The Go SDK does not add X-Amz-Expires to what it presigns for STS: such a URL holds for fifteen minutes.
	r = signed(t, "GET", "https://sts.example.com/?Action=GetCallerIdentity", "", "token", true, now, nil)
	if got := verify(r, "", now.Add(15*time.Minute)); got != "" {
		t.Error(got)
	}
	if got := verify(r, "", now.Add(15*time.Minute+time.Second)); !strings.Contains(got, "- 15 min.)") {
		t.Error(got)
	}
	r = signed(t, "GET", "https://sts.example.com/?X-Amz-Expires=61", "", "token", true, now, nil)
	if got := verify(r, "", now.Add(61*time.Second)); got != "" {
		t.Error(got)
	}
	if got := verify(r, "", now.Add(62*time.Second)); !strings.Contains(got, "- 61 sec.)") {
		t.Error(got)
	}

	// A Date header counts if there is no X-Amz-Date, in either format.
	for _, date := range []string{"20261124T000500Z", "Tue, 24 Nov 2026 00:05:00 GMT"} {
		r := unsigned("Authorization", authorization("host;x-amz-date", "date;host"), "Date", date)
		s, err := sigv4.Parse(r)
		if err != nil || !s.Time.Equal(now) {
			t.Errorf("%s: %v, %v", date, s, err)
		}
	}
}

func TestBodyHash(t *testing.T) {
	verify := func(announced, body string) error {
		r := signed(t, "POST", "https://iam.example.com/", body, "", false, now, func(r *http.Request) {
			if announced != "" {
				r.Header.Set("X-Amz-Content-Sha256", announced)
			}
		})
		s, err := sigv4.Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		return s.Verify(r, []byte(body), secret, now)
	}
	if err := verify("", "body"); err != nil {
		t.Error(err)
	}
	if err := verify(sum("body"), "body"); err != nil {
		t.Error(err)
	}
	for _, announced := range []string{"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", sum("other"), strings.ToUpper(sum("body"))} {
		var e *sigv4.Error
		if err := verify(announced, "body"); !errors.As(err, &e) || e.Reason != sigv4.BodyMismatch {
			t.Errorf("%s: %v", announced, err)
		}
	}
}

func TestExplained(t *testing.T) {
	r := signed(t, "POST", "https://iam.example.com/", "body", "", false, now, nil)
	s, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	var e *sigv4.Error
	if err := s.Verify(r, []byte("body"), "another", now); !errors.As(err, &e) || !strings.HasPrefix(e.CanonicalRequest, "POST\n/\n\n") ||
		!strings.HasPrefix(e.StringToSign, "AWS4-HMAC-SHA256\n20261124T000500Z\n20261124/eu-west-1/iam/aws4_request\n") ||
		!strings.Contains(e.Explained(), "The Canonical String for this request should have been\n'POST\n") || strings.Contains(e.Error(), "Canonical") {
		t.Errorf("%v", err)
	}
	if err := s.CheckService("sts"); err == nil || err.Error() != "SignatureDoesNotMatch: Credential should be scoped to correct service: 'sts'." {
		t.Error(err)
	}
}

// TestKeysTogether uses one Keys from many goroutines, with more keys than it remembers.
func TestKeysTogether(t *testing.T) {
	var keys sigv4.Keys
	r := signed(t, "POST", "https://iam.example.com/", "body", "", false, now, nil)
	s, err := sigv4.Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for n := range 8 {
		wait.Go(func() {
			for i := range 50 {
				if err := keys.Verify(s, r, []byte("body"), secret, now); err != nil {
					t.Error(err)
				}
				if err := keys.Verify(s, r, []byte("body"), fmt.Sprint("wrong", n, i), now); err == nil {
					t.Error("a wrong secret verifies")
				}
			}
		})
	}
	wait.Wait()
}

func FuzzParse(f *testing.F) {
	f.Add(authorization(), "20261124T000500Z", "", "")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261124%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20261124T000500Z&"+
		"X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00", "")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=;;,Signature==", "Tue, 24 Nov 2026 00:05:00 GMT", "a=%zz&+", "//../%2e/é")
	var keys sigv4.Keys
	f.Fuzz(func(t *testing.T, authorization, date, query, path string) {
		r := &http.Request{Method: "GET", URL: &url.URL{Path: path, RawQuery: query}, RequestURI: path, Host: "h", Header: http.Header{}}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		if date != "" {
			r.Header["X-Amz-Date"] = []string{date}
		}
		s, err := sigv4.Parse(r)
		if err != nil {
			var e *sigv4.Error
			if !errors.As(err, &e) || e.Code == "" || e.Status < 400 || e.Message == "" || len(e.Message) > 2000 {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if s.AccessKeyID == "" || s.Region == "" || s.Service == "" || s.Date != s.Time.Format("20060102") || len(s.SignedHeaders) == 0 ||
			s.Presigned != (s.Expires > 0) || s.Expires > sigv4.MaxExpires {
			t.Fatalf("accepted %+v", s)
		}
		for _, rule := range []sigv4.PathRule{sigv4.NormalizedPath, sigv4.LiteralPath} {
			if err := keys.VerifyBy(sigv4.Rules{Path: rule}, s, r, nil, secret, s.Time); err == nil {
				t.Fatalf("a made-up signature verifies: %+v", s)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	body := []byte("Action=ListAttachedUserPolicies&UserName=alice&Version=2010-05-08")
	bench := func(name string, r *http.Request, body []byte, keys func() *sigv4.Keys) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := sigv4.Parse(r)
				if err == nil {
					err = keys().Verify(s, r, body, secret, now)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	header := func(token string) *http.Request {
		r := signed(b, "POST", "https://iam.example.com/", string(body), token, false, now, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			r.Header.Set("Amz-Sdk-Invocation-Id", "0e9ba3ec-f8a8-4e5b-bf37-1e8bd0b55ba0")
			r.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
		})
		r.RequestURI = "/"
		return r
	}
	var warm sigv4.Keys
	bench("warm", header(""), body, func() *sigv4.Keys { return &warm })
	bench("cold", header(""), body, func() *sigv4.Keys { return new(sigv4.Keys) })
	bench("token", header(strings.Repeat("t", 500)), body, func() *sigv4.Keys { return &warm })
	presigned := signed(b, "GET", "https://sts.example.com/?Action=GetCallerIdentity&Version=2011-06-15", "", "", true, now, nil)
	bench("presigned", presigned, nil, func() *sigv4.Keys { return &warm })
	b.Run("parse", func(b *testing.B) {
		b.ReportAllocs()
		r := header("")
		for b.Loop() {
			if _, err := sigv4.Parse(r); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("floor", func(b *testing.B) { // the hashes that no verification can do without
		b.ReportAllocs()
		block := bytes.Repeat([]byte("x"), 400)
		for b.Loop() {
			sha256.Sum256(block)
			sha256.Sum256(body)
		}
	})
}
