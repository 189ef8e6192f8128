package session

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// dice is randomness that is the same in each run.
func dice(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func keysFor(t testing.TB, ids ...byte) *Keys {
	t.Helper()
	var masters []Master
	for _, id := range ids {
		masters = append(masters, Master{id, [32]byte{id, 1, 2, 3}})
	}
	k, err := KeysOf(dice(1), masters...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func reason(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return 0
}

var issued = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

// full is a session with every field set, small one with few.
func full() *Session {
	return &Session{
		Version: Version, AccessKeyID: "ASIAQNZGKIQY56JQ7WML", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", Account: "029608264753", Kind: AssumedRole,
		PrincipalID: "AROAJQABLZS4A3QDU576Q", Name: "deploy@ci", Issued: issued, Expires: issued.Add(time.Hour), Region: "eu-west-1",
		Policies:   []string{`{"Version":"2012-10-17","Statement":[]}`, "", "ä"},
		PolicyARNs: []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, Tags: []Tag{{"team", "a"}, {"empty", ""}}, TransitiveTagKeys: []string{"team"},
		SourceIdentity: "alice", MFA: true, MFATime: issued.Add(-time.Minute), Chained: true,
		WebIdentity: &WebIdentity{
			Provider: "token.actions.githubusercontent.com", Subject: "repo:o/r:ref", Audience: "sts.amazonaws.com",
			Context: map[string][]string{"p:sub": {"x"}, "p:amr": {"a", "b"}, "p:none": nil},
		},
		CalledVia: []string{"cloudformation.amazonaws.com", "dynamodb.amazonaws.com"}, ForwardedKey: "AKIAQNZGKIQY56JQ7WML",
	}
}

func small() *Session {
	return &Session{Version: Version, AccessKeyID: "ASIAQNZGKIQY56JQ7WML", Secret: "s", Account: "029608264753", Kind: User, PrincipalID: "AIDA", Issued: issued, Expires: issued}
}

func TestTokenRoundTrip(t *testing.T) {
	k := keysFor(t, 1)
	for _, s := range []*Session{full(), small(), {Version: Version, Kind: FederatedRoot}, {Version: Version, Kind: Root, WebIdentity: &WebIdentity{}}} {
		token, err := k.SealToken(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := k.OpenToken(token)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, s) {
			t.Errorf("sealed %+v\nopened %+v", s, got)
		}
		if again, _ := k.SealToken(s); again == token {
			t.Error("two tokens of one session are the same")
		}
		if strings.Contains(token, "wJalr") {
			t.Error("the secret can be read in the token")
		}
	}
	if err := reflectAllSet(full()); err != nil {
		t.Error("the round trip does not cover the type:", err)
	}
}

// reflectAllSet makes sure that a field added to Session is put into the test, and so into the format.
func reflectAllSet(s *Session) error {
	for v := reflect.ValueOf(*s); ; v = reflect.ValueOf(*s.WebIdentity) {
		for i := range v.NumField() {
			if v.Field(i).IsZero() {
				return fmt.Errorf("%s.%s", v.Type(), v.Type().Field(i).Name)
			}
		}
		if v.Type() == reflect.TypeFor[WebIdentity]() {
			return nil
		}
	}
}

func TestTokenRefused(t *testing.T) {
	k := keysFor(t, 1, 2)
	token, err := k.SealToken(full())
	if err != nil {
		t.Fatal(err)
	}
	sealed, _ := base64.StdEncoding.DecodeString(token)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		want := Forged
		if i == 0 {
			want = UnknownKey // 2 became 3
		}
		if _, err := k.OpenToken(base64.StdEncoding.EncodeToString(changed)); reason(err) != want {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := k.OpenToken(base64.StdEncoding.EncodeToString(sealed[:n])); err == nil {
			t.Fatalf("cut to %d bytes, it opens", n)
		}
	}
	for _, c := range []struct {
		token string
		want  Reason
	}{
		{"", Malformed}, {"AA==", Malformed}, {"not base64!", Malformed}, {token + "A", Malformed}, {strings.Repeat("A", maxToken+4), TooLarge},
		{base64.StdEncoding.EncodeToString(append(sealed, 0)), Forged},
		{base64.StdEncoding.EncodeToString(k.seal(k.masters[2].tokens, nil, nil)), NewerVersion},
		{base64.StdEncoding.EncodeToString(k.seal(k.masters[2].tokens, []byte{Version + 1, 0}, nil)), NewerVersion},
		{base64.StdEncoding.EncodeToString(k.seal(k.masters[2].tokens, []byte{Version, 0}, nil)), Malformed},
		{base64.StdEncoding.EncodeToString(k.seal(k.masters[2].secrets, []byte{Version}, nil)), Forged},
	} {
		if s, err := k.OpenToken(c.token); reason(err) != c.want || s != nil {
			t.Errorf("%.40s: %v, want %v", c.token, err, c.want)
		}
	}
	for _, other := range []*Keys{keysFor(t, 1), keysFor(t, 3)} {
		if _, err := other.OpenToken(token); reason(err) != UnknownKey {
			t.Errorf("without its master key: %v", err)
		}
	}
	fresh, err := NewKeys(dice(9))
	if err != nil {
		t.Fatal(err)
	}
	old, _ := keysFor(t, 1).SealToken(full())
	if _, err := fresh.OpenToken(old); reason(err) != Forged {
		t.Errorf("with another key of the same number: %v", err)
	}

	// What is in a token is not trusted in what it claims, even if the key fits.
	w := writer{buf: []byte{Version}}
	full().fields(&w)
	for n := range w.buf {
		if _, err := k.OpenToken(base64.StdEncoding.EncodeToString(k.seal(k.masters[2].tokens, w.buf[:n], nil))); err == nil {
			t.Fatalf("a session cut to %d bytes is read", n)
		}
	}
	if _, err := k.OpenToken(base64.StdEncoding.EncodeToString(k.seal(k.masters[2].tokens, append(w.buf, 0), nil))); reason(err) != Malformed {
		t.Errorf("with more at the end: %v", err)
	}
	for _, kind := range []Kind{0, lastKind, 255} {
		s := small()
		s.Kind = kind
		odd, _ := k.SealToken(s)
		if _, err := k.OpenToken(odd); reason(err) != Malformed {
			t.Errorf("kind %d: %v", kind, err)
		}
	}
	large := small()
	large.Policies = []string{strings.Repeat("x", maxSession)}
	if _, err := k.SealToken(large); reason(err) != TooLarge {
		t.Errorf("a large session: %v", err)
	}
	newer := small()
	newer.Version = Version + 1
	if _, err := k.SealToken(newer); reason(err) != NewerVersion {
		t.Errorf("a newer session: %v", err)
	}
}

func TestRotation(t *testing.T) {
	old, both, only := keysFor(t, 1), keysFor(t, 1, 2), keysFor(t, 2)
	token, _ := old.SealToken(small())
	if _, err := both.OpenToken(token); err != nil {
		t.Error("the old key does not open any more:", err)
	}
	token, _ = both.SealToken(small())
	if _, err := only.OpenToken(token); err != nil {
		t.Error("the newest key does not seal:", err)
	}
	if _, err := old.OpenToken(token); reason(err) != UnknownKey {
		t.Error(err)
	}
	for _, bad := range [][]Master{nil, {{ID: 0}}, {{ID: 1}, {ID: 1}}} {
		if _, err := KeysOf(dice(1), bad...); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func TestSecrets(t *testing.T) {
	k := keysFor(t, 1)
	sealed := k.SealSecret("AKIA1", "the secret")
	before := bytes.Clone(sealed)
	for range 2 {
		if s, err := k.OpenSecret("AKIA1", sealed); err != nil || s != "the secret" {
			t.Fatal(s, err)
		}
	}
	if !bytes.Equal(sealed, before) {
		t.Error("opening changes what the store holds")
	}
	if s, err := k.OpenSecret("AKIA2", sealed); reason(err) != Forged || s != "" {
		t.Error("moved to another key:", s, err)
	}
	if _, err := k.OpenSecret("AKIA1", nil); reason(err) != Malformed {
		t.Error(err)
	}
	if bytes.Contains(sealed, []byte("secret")) || bytes.Equal(sealed, k.SealSecret("AKIA1", "the secret")) {
		t.Error("not sealed")
	}
	if s, err := k.OpenSecret("x", k.SealSecret("x", "")); err != nil || s != "" {
		t.Error(s, err)
	}
}

func TestMessages(t *testing.T) {
	k := keysFor(t, 1)
	for _, message := range []string{"", `{"allowed":false}`, strings.Repeat(`{"statement":"x"}`, 10000)} {
		encoded, err := k.SealMessage("123456789012", []byte(message))
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(encoded) || len(encoded) > MaxMessage {
			t.Errorf("%d letters, %.60s", len(encoded), encoded)
		}
		if got, err := k.OpenMessage("123456789012", encoded); err != nil || string(got) != message {
			t.Errorf("%.60s, %v", got, err)
		}
		if _, err := k.OpenMessage("210987654321", encoded); reason(err) != Forged {
			t.Error("another account:", err)
		}
		if _, err := k.OpenToken(encoded); err == nil {
			t.Error("it opens as a token")
		}
	}
	noise := make([]byte, 9000)
	dice(1).Read(noise)
	for _, message := range [][]byte{noise, make([]byte, maxPlainMessage+1)} {
		if _, err := k.SealMessage("", message); reason(err) != TooLarge {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "!", strings.Repeat("A", MaxMessage+1), "AAAA"} {
		if _, err := k.OpenMessage("", bad); err == nil {
			t.Errorf("%.10q opens", bad)
		}
	}
	if _, err := k.OpenMessage("", base64.RawURLEncoding.EncodeToString(k.seal(k.masters[1].messages, []byte{deflatedMessage, 255, 255}, []byte("")))); reason(err) != Malformed {
		t.Error(err)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "master.key")
	var wait sync.WaitGroup
	made := make([]*Keys, 8)
	for i := range made { // servers that start at the same moment
		wait.Go(func() {
			k, err := LoadOrCreate(path)
			if err != nil {
				t.Error(err)
			}
			made[i] = k
		})
	}
	wait.Wait()
	if t.Failed() {
		return
	}
	sealed := made[0].SealSecret("x", "s")
	for _, k := range made {
		if s, err := k.OpenSecret("x", sealed); err != nil || s != "s" {
			t.Error("they do not have one key:", err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("files are left: %v", entries)
	}
	if err := Rotate(path); err != nil {
		t.Fatal(err)
	}
	rotated, err := LoadOrCreate(path)
	if err != nil || rotated.newest != 2 {
		t.Fatal(rotated, err)
	}
	if _, err := rotated.OpenSecret("x", sealed); err != nil {
		t.Error(err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Error(info.Mode())
	}

	good, _ := os.ReadFile(path)
	secret := strings.Fields(string(good))[len(strings.Fields(string(good)))-1]
	for name, content := range map[string]string{
		"empty": "", "comments": "# nothing\n\n", "no number": secret, "number": "0 " + secret, "large number": "256 " + secret,
		"short": "1 " + secret[4:], "letters": "1 !" + secret[1:], "three fields": "1 " + secret + " x", "twice": "1 " + secret + "\n1 " + secret,
		"large": strings.Repeat("#", maxKeyFile+1),
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadOrCreate(path)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), secret[8:20]) {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(path); string(now) != content {
			t.Errorf("%s: a file that cannot be read was overwritten", name)
		}
	}
	os.WriteFile(path, good, 0o600)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644} {
		os.Chmod(path, mode)
		if _, err := LoadOrCreate(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := LoadOrCreate(t.TempDir()); err == nil {
		t.Error("a folder is taken")
	}
}

func TestIDs(t *testing.T) {
	rnd := dice(1)
	form := regexp.MustCompile(`^[A-Z2-7]{20}$`)
	seen := map[string]bool{}
	for _, account := range []string{"000000000000", "000000000001", "029608264753", "123456789012", "999999999999"} {
		for _, prefix := range []string{"AKIA", "ASIA"} {
			for range 100 {
				id := NewAccessKeyID(rnd, prefix, account)
				if got, ok := AccountOf(id); !ok || got != account || !form.MatchString(id) || !strings.HasPrefix(id, prefix) || seen[id] {
					t.Fatalf("%s of %s: %s, %v", id, account, got, ok)
				}
				seen[id] = true
			}
		}
	}
	// A key that AWS made; the account is the one that was published with it.
	if got, ok := AccountOf("ASIAQNZGKIQY56JQ7WML"); !ok || got != "029608264753" {
		t.Error(got, ok)
	}
	for _, id := range []string{"", "AKIA", "AKIAIOSFODNN7EXAMPLE", "AKIA1111111111111111", "AKIA777777777777777a", "AKIAQNZGKIQY56JQ7W\nL", "AKIA7777777777777777"} {
		if got, ok := AccountOf(id); ok {
			t.Errorf("%q is of account %s", id, got)
		}
	}
	for _, account := range []string{"", "cloudformation.amazonaws.com", "1234", "-12345678901"} {
		if id := NewAccessKeyID(rnd, "AKIA", account); !form.MatchString(id) {
			t.Error(id)
		} else if got, ok := AccountOf(id); ok {
			t.Errorf("%q: %s of account %s", account, id, got)
		}
	}
	for range 100 {
		id, secret := NewUniqueID(rnd, "AIDA"), NewSecret(rnd)
		if !regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`).MatchString(id) || !regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`).MatchString(secret) || seen[id] || seen[secret] {
			t.Fatal(id, secret)
		}
		seen[id], seen[secret] = true, true
	}
	defer func() {
		if recover() == nil {
			t.Error("without randomness, a secret was made")
		}
	}()
	NewSecret(bytes.NewReader(nil))
}

func TestPasswords(t *testing.T) {
	hash := HashPassword(dice(1), "correct horse ä")
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || !VerifyPassword(hash, "correct horse ä") {
		t.Error(hash)
	}
	if hash == HashPassword(dice(2), "correct horse ä") {
		t.Error("without salt")
	}
	for _, password := range []string{"", "correct horse", "correct horse ä "} {
		if VerifyPassword(hash, password) {
			t.Errorf("%q is taken", password)
		}
	}
	for _, bad := range []string{
		"", "$", "$$$$$", "plain", strings.Replace(hash, "argon2id", "argon2i", 1), strings.Replace(hash, "v=19", "v=16", 1),
		strings.Replace(hash, "t=2", "t=0", 1), strings.Replace(hash, "p=1", "p=0", 1), strings.Replace(hash, "m=19456", "m=4294967295", 1),
		strings.Replace(hash, "t=2", "t=4000000000", 1), strings.Replace(hash, "t=2", "t=02", 1), hash + "$", hash[:len(hash)-43], hash + "!",
	} {
		if VerifyPassword(bad, "correct horse ä") {
			t.Errorf("%q is taken", bad)
		}
	}
}

func FuzzVerifyPassword(f *testing.F) {
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$c29tZXNhbHRzb21lc2FsdA")
	f.Fuzz(func(t *testing.T, hash string) {
		if strings.Contains(hash, "m=") && len(hash) > 120 {
			return
		}
		VerifyPassword(hash, "x")
	})
}

// The vectors of RFC 4226, appendix D, and RFC 6238, appendix B.
func TestOneTimeCodes(t *testing.T) {
	key := []byte("12345678901234567890")
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got := hotp(key, int64(counter), 6); got != want {
			t.Errorf("counter %d: %s, want %s", counter, got, want)
		}
	}
	seed := seedEncoding.EncodeToString(key)
	for seconds, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		now := time.Unix(seconds, 0)
		if got := hotp(key, TOTPCounter(now), 8); got != want {
			t.Errorf("at %d: %s, want %s", seconds, got, want)
		}
		if counter, ok := VerifyTOTP(seed, want[2:], now, 0); !ok || counter != seconds/30 {
			t.Errorf("at %d: counter %d, %v", seconds, counter, ok)
		}
	}
}

func TestVerifyTOTP(t *testing.T) {
	seed := NewTOTPSecret(dice(1))
	if len(seed) != 64 {
		t.Error(seed)
	}
	current := TOTPCounter(issued)
	for shift := int64(-4); shift <= 4; shift++ {
		counter, ok := VerifyTOTP(seed, TOTP(seed, current+shift), issued, 0)
		if want := shift >= -1 && shift <= 1; ok != want || ok && counter != current+shift {
			t.Errorf("%d steps off: %v", shift, ok)
		}
		for window := int64(0); window < 4; window++ {
			counter, ok := VerifyTOTPPair(seed, TOTP(seed, current+shift-1), TOTP(seed, current+shift), issued, 0, window)
			if want := max(shift, -shift) <= window; ok != want || ok && counter != current+shift {
				t.Errorf("two codes, %d steps off, window %d: %v", shift, window, ok)
			}
		}
	}
	code := TOTP(seed, current)
	if _, ok := VerifyTOTP(seed, code, issued, current-1); !ok {
		t.Error("a code after the last one is refused")
	}
	if _, ok := VerifyTOTP(seed, code, issued, current); ok {
		t.Error("a code is good twice")
	}
	if _, ok := VerifyTOTP(seed, code, issued, current+1); ok {
		t.Error("a code before the last one is good")
	}
	if _, ok := VerifyTOTPPair(seed, TOTP(seed, current-1), code, issued, current-1, 10); ok {
		t.Error("the first of two codes is good twice")
	}
	if _, ok := VerifyTOTPPair(seed, code, TOTP(seed, current-1), issued, 0, 10); ok {
		t.Error("two codes the wrong way round")
	}
	if _, ok := VerifyTOTPPair(seed, code, code, issued, 0, 10); ok {
		t.Error("one code twice")
	}
	for _, bad := range []string{"", "12345", code + "0", "abcdef"} {
		if _, ok := VerifyTOTP(seed, bad, issued, 0); ok {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, bad := range []string{"", "A", "!!!!", "AAAAAAAA", strings.Repeat("A", 1000)} {
		if TOTP(bad, current) != "" {
			t.Errorf("%q is a seed", bad)
		}
		if _, ok := VerifyTOTP(bad, "", issued, 0); ok {
			t.Errorf("%q verifies", bad)
		}
		if _, ok := VerifyTOTPPair(bad, "", "", issued, 0, 1); ok {
			t.Errorf("%q verifies", bad)
		}
	}
}

func FuzzOpenToken(f *testing.F) {
	k := keysFor(f, 1)
	for _, s := range []*Session{full(), small()} {
		token, _ := k.SealToken(s)
		f.Add(token, []byte("x"))
		w := writer{buf: []byte{Version}}
		s.fields(&w)
		f.Add("", w.buf)
	}
	f.Fuzz(func(t *testing.T, token string, plain []byte) {
		if s, err := k.OpenToken(token); (s == nil) != (reason(err) != 0) {
			t.Fatal(s, err)
		}
		// The reader behind the seal.
		if len(plain) > maxSession {
			return
		}
		s, err := k.OpenToken(base64.StdEncoding.EncodeToString(k.seal(k.masters[1].tokens, plain, nil)))
		if err != nil {
			return
		}
		again, err := k.SealToken(s)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := k.OpenToken(again); err != nil || !reflect.DeepEqual(back, s) {
			t.Fatalf("%+v\n%+v, %v", s, back, err)
		}
	})
}

func BenchmarkOpenToken(b *testing.B) {
	k := keysFor(b, 1)
	large := full()
	large.Policies = []string{strings.Repeat(`{"Version":"2012-10-17"}`, 80)}
	for _, c := range []struct {
		name string
		s    *Session
	}{{"small", small()}, {"full", full()}, {"policy", large}} {
		token, err := k.SealToken(c.s)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%s-%d", c.name, len(token)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.OpenToken(token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenSecret(b *testing.B) {
	k := keysFor(b, 1)
	sealed := k.SealSecret("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.OpenSecret("AKIAIOSFODNN7EXAMPLE", sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyPassword(b *testing.B) {
	hash := HashPassword(dice(1), "password")
	for b.Loop() {
		if !VerifyPassword(hash, "password") {
			b.Fatal("refused")
		}
	}
}
