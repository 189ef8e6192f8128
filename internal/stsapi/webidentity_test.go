package stsapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/golang-jwt/jwt/v5"
)

// A provider is an OpenID Connect provider over TLS, with a certificate that nobody but its thumbprint vouches for.
type provider struct {
	*httptest.Server
	host    string
	rsa     *rsa.PrivateKey
	ecdsa   *ecdsa.PrivateKey
	fetches atomic.Int32
	keyID   string // that the set says the RSA key has
	broken  func(http.ResponseWriter, *http.Request) bool
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{keyID: "one"}
	var err error
	if p.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if p.ecdsa, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]string{"issuer": p.URL, "jwks_uri": p.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		p.fetches.Add(1)
		point, _ := p.ecdsa.PublicKey.Bytes()
		b64 := base64.RawURLEncoding.EncodeToString
		json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{
			{"kty": "oct", "kid": "secret", "k": "AAAA"},
			{
				"kty": "RSA", "kid": p.keyID, "alg": "RS256", "use": "sig", "n": b64(p.rsa.N.Bytes()),
				"e": b64(big.NewInt(int64(p.rsa.E)).Bytes()),
			},
			{"kty": "EC", "kid": "two", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
		}})
	})
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.broken == nil || !p.broken(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	p.Config.ErrorLog = log.New(io.Discard, "", 0) // it is to fail, too
	p.StartTLS()
	t.Cleanup(p.Close)
	p.host = strings.TrimPrefix(p.URL, "https://")
	return p
}

func (p *provider) thumbprint() string {
	sum := sha1.Sum(p.Certificate().Raw)
	return hex.EncodeToString(sum[:])
}

// register makes the provider known to the account.
func (p *provider) register(w *world, thumbprint string) {
	w.t.Helper()
	_, err := w.IAM().CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{
		Url: &p.URL, ClientIDList: []string{"sts.amazonaws.com", "app"}, ThumbprintList: []string{thumbprint},
	})
	w.must(err)
}

// claims are those of a good token, changed.
func (p *provider) claims(w *world, change ...func(jwt.MapClaims)) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": p.URL, "sub": "repo:octo/app:ref:refs/heads/main", "aud": "sts.amazonaws.com",
		"iat": w.now().Unix(), "exp": w.now().Add(time.Hour).Unix(),
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func sign(t *testing.T, method jwt.SigningMethod, kid string, key any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (p *provider) token(w *world, change ...func(jwt.MapClaims)) string {
	return sign(w.t, jwt.SigningMethodRS256, p.keyID, p.rsa, p.claims(w, change...))
}

func set(name string, value any) func(jwt.MapClaims) {
	return func(c jwt.MapClaims) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
}

// webRole is a role that trusts a provider for one subject.
func (w *world) webRole(p *provider, name string, actions ...string) string {
	return w.role(name, fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Principal":{"Federated":"arn:aws:iam::%s:oidc-provider/%s"},"Action":[%s],
		"Condition":{"StringEquals":{"%[2]s:aud":"sts.amazonaws.com"},"StringLike":{"%[2]s:sub":"repo:octo/*"}}}}`,
		account, p.host, quoted("sts:AssumeRoleWithWebIdentity "+strings.Join(actions, " "))),
		fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*",
			"Condition":{"StringEquals":{"aws:FederatedProvider":"arn:aws:iam::%s:oidc-provider/%s",
				"%[2]s:sub":"repo:octo/app:ref:refs/heads/main"}}}}`, account, p.host))
}

// webAssume is what an unsigned client sends.
func (w *world) webAssume(arn, token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	client := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: &w.URL, RetryMaxAttempts: 1})
	return client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn: &arn, RoleSessionName: aws.String("ci"), WebIdentityToken: &token,
	})
}

func TestARoleIsAssumedWithAWebIdentity(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t)
	p.register(w, p.thumbprint())
	arn := w.webRole(p, "ci")
	for name, token := range map[string]string{
		"RS256":           p.token(w),
		"ES256":           sign(t, jwt.SigningMethodES256, "two", p.ecdsa, p.claims(w)),
		"no key id":       sign(t, jwt.SigningMethodRS256, "", p.rsa, p.claims(w)),
		"audiences":       p.token(w, set("aud", []string{"elsewhere", "sts.amazonaws.com"})),
		"issued to party": p.token(w, set("azp", "sts.amazonaws.com"), set("aud", "https://api")),
	} {
		out, err := w.webAssume(arn, token)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if *out.Audience != "sts.amazonaws.com" || *out.Provider != p.URL ||
			*out.SubjectFromWebIdentityToken != "repo:octo/app:ref:refs/heads/main" ||
			*out.AssumedRoleUser.Arn != "arn:aws:sts::"+account+":assumed-role/ci/ci" {
			t.Errorf("%s: got %+v", name, out)
		}
		w.must(canList(w.with(out.Credentials)))
	}
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

func TestAWebIdentityThatIsNotBelieved(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t)
	p.register(w, p.thumbprint())
	arn := w.webRole(p, "ci")
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	hour := func(n int) int64 { return w.now().Add(time.Duration(n) * time.Hour).Unix() }
	good := p.token(w)
	parts := strings.Split(good, ".")
	public, err := json.Marshal(p.rsa.N)
	w.must(err)
	forged := base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"` + p.URL + `","sub":"repo:octo/x"}`))
	critical := jwt.NewWithClaims(jwt.SigningMethodRS256, p.claims(w))
	critical.Header["kid"], critical.Header["crit"] = "one", []string{"x"}
	withCritical, err := critical.SignedString(p.rsa)
	w.must(err)

	for _, c := range []struct{ name, arn, token, code, message string }{
		{"no JWT", arn, "not.a.token", "InvalidIdentityToken", "The ID Token provided is not a valid JWT."},
		{
			"another key", arn, sign(t, jwt.SigningMethodRS256, "one", stranger, p.claims(w)), "InvalidIdentityToken",
			"signature",
		},
		{"changed", arn, parts[0] + "." + forged + "." + parts[2], "InvalidIdentityToken", "signature"},
		{
			"unsigned", arn, sign(t, jwt.SigningMethodNone, "one", jwt.UnsafeAllowNoneSignatureType, p.claims(w)),
			"InvalidIdentityToken", "signed with none",
		},
		{
			"HMAC by the public key", arn, sign(t, jwt.SigningMethodHS256, "one", public, p.claims(w)), "InvalidIdentityToken",
			"signed with HS256",
		},
		{"unknown extension", arn, withCritical, "InvalidIdentityToken", "extensions"},
		{
			"the key of another algorithm", arn, sign(t, jwt.SigningMethodRS512, "one", p.rsa, p.claims(w)),
			"InvalidIdentityToken", "verification key",
		},
		{"unknown issuer", arn, p.token(w, set("iss", "https://elsewhere.example.com")), "InvalidIdentityToken",
			"No OpenIDConnect provider found in your account for https://elsewhere.example.com"},
		{
			"issuer without TLS", arn, p.token(w, set("iss", "http://"+p.host)), "InvalidIdentityToken",
			"No OpenIDConnect provider found",
		},
		{
			"another audience", arn, p.token(w, set("aud", "elsewhere")), "InvalidIdentityToken",
			"Incorrect token audience",
		},
		{"another party", arn, p.token(w, set("azp", "elsewhere")), "InvalidIdentityToken", "Incorrect token audience"},
		{"no audience", arn, p.token(w, set("aud", nil)), "InvalidIdentityToken", "Missing a required claim: aud"},
		{"no subject", arn, p.token(w, set("sub", nil)), "InvalidIdentityToken", "Missing a required claim: sub"},
		{
			"subject in another case", arn, p.token(w, set("sub", nil), set("Sub", "repo:octo/app")), "InvalidIdentityToken",
			"Missing a required claim: sub",
		},
		{"no expiry", arn, p.token(w, set("exp", nil)), "InvalidIdentityToken", "Missing a required claim: exp"},
		{"not issued", arn, p.token(w, set("iat", nil)), "InvalidIdentityToken", "Missing a required claim: iat"},
		{
			"expired", arn, p.token(w, set("exp", hour(-1))), "ExpiredTokenException",
			"must be before the expiration date/time",
		},
		{"issued later", arn, p.token(w, set("iat", hour(1))), "IDPRejectedClaim", "not valid yet"},
		{"not before later", arn, p.token(w, set("nbf", hour(1))), "IDPRejectedClaim", "not valid yet"},
		{
			"not trusted subject", arn, p.token(w, set("sub", "repo:evil/app")), "AccessDenied",
			"Not authorized to perform sts:AssumeRoleWithWebIdentity",
		},
		{"no such role", arn + "x", good, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
	} {
		_, err := w.webAssume(c.arn, c.token)
		t.Run(c.name, func(t *testing.T) { wantError(t, err, c.code, c.message) })
	}
}

func TestSessionTagsOfAWebIdentity(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t)
	p.register(w, p.thumbprint())
	plain := w.webRole(p, "plain")
	arn := w.webRole(p, "ci", "sts:TagSession", "sts:SetSourceIdentity")
	tagged := set("https://aws.amazon.com/tags", map[string]any{
		"principal_tags":      map[string]any{"team": []string{"red"}, "cost": []string{"1"}},
		"transitive_tag_keys": []string{"team"},
	})
	flat := set("https://aws.amazon.com/tags/principal_tags/team", "red")
	source := set("https://aws.amazon.com/source_identity", "octo")

	for _, change := range []func(jwt.MapClaims){tagged, flat, source} {
		_, err := w.webAssume(arn, p.token(w, change))
		w.must(err)
		_, err = w.webAssume(plain, p.token(w, change))
		wantError(t, err, "AccessDenied", "Not authorized to perform sts:")
	}
	out, err := w.webAssume(arn, p.token(w, tagged, source))
	w.must(err)
	if *out.SourceIdentity != "octo" || *out.PackedPolicySize < 1 {
		t.Errorf("got %v and %v", *out.SourceIdentity, *out.PackedPolicySize)
	}
	two := map[string]any{"principal_tags": map[string]any{"team": []string{"a", "b"}}}
	_, err = w.webAssume(arn, p.token(w, set("https://aws.amazon.com/tags", two)))
	wantError(t, err, "InvalidIdentityToken", "team")
}

func TestAProviderIsBelievedByItsThumbprint(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t)
	p.register(w, strings.Repeat("0", 40))
	arn := w.webRole(p, "ci")
	_, err := w.webAssume(arn, p.token(w))
	wantError(t, err, "InvalidIdentityToken",
		"OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")
	if p.fetches.Load() != 0 {
		t.Error("the keys were fetched")
	}
	_, err = w.IAM().UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{
		OpenIDConnectProviderArn: aws.String("arn:aws:iam::" + account + ":oidc-provider/" + p.host),
		ThumbprintList:           []string{p.thumbprint()},
	})
	w.must(err)
	_, err = w.webAssume(arn, p.token(w))
	w.must(err)
}

func TestAProviderThatFails(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		broken func(http.ResponseWriter, *http.Request) bool
		code   string
	}{
		"not found": {
			func(w http.ResponseWriter, r *http.Request) bool { http.NotFound(w, r); return true },
			"InvalidIdentityToken",
		},
		"redirects": {func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusFound)
			return true
		}, "InvalidIdentityToken"},
		"another issuer": {func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprintf(w, `{"issuer":"https://elsewhere.example.com","jwks_uri":"https://%s/keys"}`, r.Host)
			return true
		}, "InvalidIdentityToken"},
		"endless": {func(w http.ResponseWriter, r *http.Request) bool {
			fmt.Fprintf(w, `{"issuer":"https://%s","x":"%s"}`, r.Host, strings.Repeat("x", 1<<20))
			return true
		}, "InvalidIdentityToken"},
		"hangs up": {
			func(w http.ResponseWriter, r *http.Request) bool { panic(http.ErrAbortHandler) }, "IDPCommunicationError",
		},
	} {
		p := newProvider(t)
		p.broken = c.broken
		p.register(w, p.thumbprint())
		_, err := w.webAssume(w.webRole(p, strings.ReplaceAll(name, " ", "-")), p.token(w))
		t.Run(name, func(t *testing.T) { wantError(t, err, c.code, "") })
	}
}

func TestNewKeysOfAProviderAreFound(t *testing.T) {
	w := newWorld(t)
	p := newProvider(t)
	p.register(w, p.thumbprint())
	arn := w.webRole(p, "ci")
	_, err := w.webAssume(arn, p.token(w))
	w.must(err)
	old := p.token(w)
	p.keyID = "next"
	w.turn(10 * time.Second)
	_, err = w.webAssume(arn, p.token(w))
	w.must(err)
	w.turn(10 * time.Second)
	_, err = w.webAssume(arn, old)
	wantError(t, err, "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider")

	// Tokens with keys that nobody has do not make a request each.
	before := p.fetches.Load()
	for range 5 {
		_, err = w.webAssume(arn, old)
		wantError(t, err, "InvalidIdentityToken", "Couldn't retrieve verification key")
	}
	if n := p.fetches.Load() - before; n > 1 {
		t.Errorf("%d requests for 5 tokens", n)
	}
}
