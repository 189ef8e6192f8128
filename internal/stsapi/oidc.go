package stsapi

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/writ-iam/writ/internal/iam"
)

// The bounds on what is fetched from an identity provider, and on how often. AWS gives a provider five seconds, too.
const (
	fetchTimeout  = 5 * time.Second
	maxFetched    = 256 << 10 // bytes
	keysAreFresh  = time.Hour
	fetchInterval = 10 * time.Second // between two requests, however many tokens with unknown keys come in
	maxIssuers    = 1024
)

// AWS's errors about providers.
var (
	errCertificate = invalidToken("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")
	errNoKeys      = invalidToken("Couldn't retrieve verification key from your identity provider,  " +
		"please reference AssumeRoleWithWebIdentity documentation for requirements")
	errUnreachable = iam.Errorf("IDPCommunicationError", "The identity provider could not be reached.")
)

// issuers keeps the keys of identity providers. The zero value is ready for use.
type issuers struct {
	mu    sync.Mutex
	known map[string]*issuer
}

// An issuer is one provider's keys as they were last fetched. Its lock is held during a fetch, so that one is enough
// for all who wait.
type issuer struct {
	mu      sync.Mutex
	keys    []verificationKey
	err     error // of the last fetch
	fetched time.Time
}

// A verificationKey is one of a provider's JSON Web Key Set.
type verificationKey struct {
	id, algorithm string // may be empty
	public        jwt.VerificationKey
}

// of returns what is known of a provider. Other thumbprints make it another: what was fetched under those that were
// there before proves nothing.
func (s *issuers) of(p *iam.OIDCProvider) *issuer {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := p.URL + "\n" + strings.Join(p.Thumbprints, "\n")
	if i := s.known[name]; i != nil {
		return i
	}
	if s.known == nil || len(s.known) >= maxIssuers {
		s.known = map[string]*issuer{}
	}
	i := new(issuer)
	s.known[name] = i
	return i
}

// find returns the provider's keys that a token with this header may be signed with.
func (s *issuers) find(p *iam.OIDCProvider, id, algorithm string, now time.Time) (jwt.VerificationKeySet, error) {
	i := s.of(p)
	i.mu.Lock()
	defer i.mu.Unlock()
	age := now.Sub(i.fetched)
	set := i.matching(id, algorithm)
	if age >= fetchInterval && (len(set.Keys) == 0 || age >= keysAreFresh) {
		i.keys, i.err = fetchKeys(p, now)
		i.fetched = now
		set = i.matching(id, algorithm)
	}
	switch {
	case i.err != nil:
		return set, i.err
	case len(set.Keys) == 0:
		return set, errNoKeys
	}
	return set, nil
}

func (i *issuer) matching(id, algorithm string) (set jwt.VerificationKeySet) {
	for _, k := range i.keys {
		if (id == "" || k.id == id) && (k.algorithm == "" || k.algorithm == algorithm) {
			set.Keys = append(set.Keys, k.public)
		}
	}
	return set
}

// fetchKeys gets a provider's keys by OpenID Connect discovery. It has a time limit of its own and not the request's,
// since other requests may wait for the same keys.
// https://openid.net/specs/openid-connect-discovery-1_0.html
func fetchKeys(p *iam.OIDCProvider, now time.Time) ([]verificationKey, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	client := &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSClientConfig: tlsConfig(p, now),
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var found struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	discovery := "https://" + strings.TrimSuffix(p.URL, "/") + "/.well-known/openid-configuration"
	if err := fetch(ctx, client, discovery, &found); err != nil {
		return nil, err
	}
	if found.Issuer != "https://"+p.URL || !strings.HasPrefix(found.JWKSURI, "https://") {
		return nil, errNoKeys
	}
	var set struct {
		Keys []jsonWebKey `json:"keys"`
	}
	if err := fetch(ctx, client, found.JWKSURI, &set); err != nil {
		return nil, err
	}
	var keys []verificationKey
	for _, k := range set.Keys {
		// A set may have keys of kinds that are not known here.
		if public, err := k.public(); err == nil && (k.Use == "" || k.Use == "sig") {
			keys = append(keys, verificationKey{k.ID, k.Algorithm, public})
		}
	}
	return keys, nil
}

// fetch gets a JSON document.
func fetch(ctx context.Context, client *http.Client, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return errNoKeys
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		if errors.Is(err, errCertificate) {
			return errCertificate
		}
		return errUnreachable
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxFetched+1))
	if err != nil {
		return errUnreachable
	}
	if resp.StatusCode != http.StatusOK || len(text) > maxFetched || json.Unmarshal(text, into) != nil {
		return errNoKeys
	}
	return nil
}

// tlsConfig accepts a server whose certificate the system's roots vouch for, or that comes with one whose thumbprint
// is the provider's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html
func tlsConfig(p *iam.OIDCProvider, now time.Time) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection: func(c tls.ConnectionState) error {
			o := x509.VerifyOptions{DNSName: c.ServerName, CurrentTime: now, Intermediates: x509.NewCertPool()}
			for _, cert := range c.PeerCertificates[1:] {
				o.Intermediates.AddCert(cert)
			}
			leaf := c.PeerCertificates[0]
			if _, err := leaf.Verify(o); err == nil {
				return nil
			}
			top := c.PeerCertificates[len(c.PeerCertificates)-1]
			print := thumbprint(top)
			if !slices.ContainsFunc(p.Thumbprints, func(t string) bool { return strings.EqualFold(t, print) }) {
				return errCertificate
			}
			o.Roots = x509.NewCertPool()
			o.Roots.AddCert(top)
			if _, err := leaf.Verify(o); err != nil {
				return errCertificate
			}
			return nil
		},
	}
}

// thumbprint is the SHA-1 of a certificate, as AWS has it.
func thumbprint(c *x509.Certificate) string {
	sum := sha1.Sum(c.Raw)
	return hex.EncodeToString(sum[:])
}

// A jsonWebKey is a public key as RFC 7517 and RFC 7518 write it.
type jsonWebKey struct {
	Type      string `json:"kty"`
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Use       string `json:"use"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

// minModulus is the least size, in bits, of an RSA key.
const minModulus = 2048

func (k *jsonWebKey) public() (jwt.VerificationKey, error) {
	switch k.Type {
	case "RSA":
		n, err := base64.RawURLEncoding.DecodeString(k.Modulus)
		if err != nil {
			return nil, err
		}
		e, err := base64.RawURLEncoding.DecodeString(k.Exponent)
		if err != nil {
			return nil, err
		}
		exponent := new(big.Int).SetBytes(e)
		key := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
		if key.N.BitLen() < minModulus || exponent.BitLen() > 31 || key.E < 3 {
			return nil, errors.New("an RSA key that is too weak or too unusual")
		}
		return key, nil
	case "EC":
		curve := curves[k.Curve]
		if curve == nil {
			return nil, fmt.Errorf("curve %q", k.Curve)
		}
		size := (curve.Params().BitSize + 7) / 8
		point := make([]byte, 1, 1+2*size)
		point[0] = 4 // uncompressed
		for _, text := range []string{k.X, k.Y} {
			c, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil || len(c) > size {
				return nil, errors.New("a coordinate that is none")
			}
			point = append(append(point, make([]byte, size-len(c))...), c...)
		}
		return ecdsa.ParseUncompressedPublicKey(curve, point)
	}
	return nil, fmt.Errorf("key type %q", k.Type)
}

var curves = map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
