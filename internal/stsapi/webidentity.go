package stsapi

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sts "github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/golang-jwt/jwt/v5"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

func (a *api) webIdentities() []op.Operation {
	return []op.Operation{
		op.New("AssumeRoleWithWebIdentity", a.onAssumeRoleWithWebIdentity, a.assumeRoleWithWebIdentity),
	}
}

// invalidToken is AWS's error for a token that cannot be believed.
func invalidToken(format string, args ...any) error {
	return iam.Errorf("InvalidIdentityToken", format, args...)
}

// algorithms are the signatures that AWS takes: of RSA and ECDSA keys. Nothing symmetric is among them, and not
// "none".
var algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}

// skew is by how much the clock of an identity provider may be ahead.
const skew = 5 * time.Minute

// The names of the claims that carry attributes of the session.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
const (
	claimTags           = "https://aws.amazon.com/tags"
	claimSourceIdentity = "https://aws.amazon.com/source_identity"
)

// claims are what a web identity token says. They are read by their exact names: a struct would take "Sub" for "sub".
type claims jwt.MapClaims

func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// texts is a claim that is a text or a list of them.
func texts(claim any) (list []string) {
	switch claim := claim.(type) {
	case string:
		return []string{claim}
	case []any:
		for _, v := range claim {
			if s, ok := v.(string); ok {
				list = append(list, s)
			}
		}
	}
	return list
}

// seconds is a claim that is a time.
func (c claims) seconds(name string) (int64, bool) {
	n, _ := c[name].(json.Number)
	t, err := n.Int64()
	return t, err == nil
}

// audiences are whom a token is for: the party it was issued to, if it names one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func (c claims) audiences() []string {
	if party := c.text("azp"); party != "" {
		return []string{party}
	}
	return texts(c["aud"])
}

// decode reads a token and believes nothing of it.
func decode(token string) (*jwt.Token, claims, error) {
	t, _, err := jwt.NewParser(jwt.WithJSONNumber()).ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		return nil, nil, invalidToken(
			"The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	return t, claims(t.Claims.(jwt.MapClaims)), nil
}

// verify believes a token: its issuer is a provider that the account registered, it is signed with one of the
// provider's keys, it is for one of the provider's clients, and this is its time.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
func (a *api) verify(c *op.Call, account, token string) (*iam.OIDCProvider, claims, error) {
	t, said, err := decode(token)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{"iss", "sub"} {
		if said.text(name) == "" {
			return nil, nil, invalidToken("Missing a required claim: %s", name)
		}
	}
	iss := said.text("iss")
	url, secure := strings.CutPrefix(iss, "https://")
	p := snapshot.Get[iam.OIDCProvider](c.State, iam.OIDCProviderKey(account, url))
	if !secure || p == nil || p.URL != url {
		return nil, nil, invalidToken("No OpenIDConnect provider found in your account for %s", iss)
	}
	if _, critical := t.Header["crit"]; critical {
		return nil, nil, invalidToken("The token's header has extensions that are not known.")
	}
	if !slices.Contains(algorithms, t.Method.Alg()) {
		return nil, nil, invalidToken(
			"The token is signed with %s; it must be one of %s.", t.Method.Alg(), strings.Join(algorithms, ", "))
	}
	var lookup error
	parser := jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithoutClaimsValidation())
	_, err = parser.Parse(token, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		set, err := a.issuers.find(p, id, t.Method.Alg(), c.Time)
		lookup = err
		return set, err
	})
	switch {
	case lookup != nil:
		return nil, nil, lookup
	case err != nil:
		return nil, nil, invalidToken("The token's signature is not valid.")
	}
	if err := said.timely(c.Time); err != nil {
		return nil, nil, err
	}
	return p, said, said.addressed(p)
}

// timely checks the times in a token.
func (c claims) timely(now time.Time) error {
	expires, ok := c.seconds("exp")
	if !ok {
		return invalidToken("Missing a required claim: exp")
	}
	if now.Unix() >= expires {
		return iam.Errorf("ExpiredTokenException",
			"Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), expires)
	}
	issued, ok := c.seconds("iat")
	if !ok {
		return invalidToken("Missing a required claim: iat")
	}
	notBefore, ok := c.seconds("nbf")
	if !ok && c["nbf"] != nil {
		return invalidToken("The claim nbf is not a time in seconds.")
	}
	if latest := now.Add(skew).Unix(); issued > latest || notBefore > latest {
		return iam.Errorf("IDPRejectedClaim", "The token is not valid yet.")
	}
	return nil
}

// addressed checks that a token is for a client of the provider.
func (c claims) addressed(p *iam.OIDCProvider) error {
	list := c.audiences()
	if len(list) == 0 {
		return invalidToken("Missing a required claim: aud")
	}
	if c.audience(p) == "" {
		return invalidToken("Incorrect token audience")
	}
	return nil
}

// audience is the provider's client that a token is for, or "".
func (c claims) audience(p *iam.OIDCProvider) string {
	for _, aud := range c.audiences() {
		if slices.Contains(p.ClientIDs, aud) {
			return aud
		}
	}
	return ""
}

// context are the condition keys that follow from a token, in the call that assumes the role and in those of its
// session.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
func (c claims) context(p *iam.OIDCProvider) map[string][]string {
	m := map[string][]string{p.URL + ":sub": {c.text("sub")}, p.URL + ":aud": {c.audience(p)}}
	if c.text("azp") != "" {
		if aud := texts(c["aud"]); len(aud) > 0 {
			m[p.URL+":oaud"] = aud
		}
	}
	if amr := texts(c["amr"]); len(amr) > 0 {
		m[p.URL+":amr"] = amr
	}
	if email := c.text("email"); email != "" && p.URL == "accounts.google.com" {
		m[p.URL+":email"] = []string{email}
	}
	return m
}

// attributes are the tags and the source identity that a token carries, with the tags in one object or each in a
// claim of its own.
func (c claims) attributes() (*attributes, error) {
	a := &attributes{sourceIdentity: c.text(claimSourceIdentity)}
	nested, _ := c[claimTags].(map[string]any)
	tags, _ := nested["principal_tags"].(map[string]any)
	all := maps.Clone(tags)
	if all == nil {
		all = map[string]any{}
	}
	for name, value := range c {
		if key, ok := strings.CutPrefix(name, claimTags+"/principal_tags/"); ok {
			all[key] = value
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		values := texts(all[key])
		if len(values) != 1 || len(key) == 0 || len(key) > 128 || len(values[0]) > 256 {
			return nil, invalidToken("The session tag %.128q in the token is not valid.", key)
		}
		a.tags = append(a.tags, session.Tag{Key: key, Value: values[0]})
	}
	a.transitive = append(texts(nested["transitive_tag_keys"]), texts(c[claimTags+"/transitive_tag_keys"])...)
	return a, a.check()
}

func (a *api) onAssumeRoleWithWebIdentity(c *op.Call, in *sts.AssumeRoleWithWebIdentityInput) (op.Target, error) {
	if in.ProviderId != nil {
		return op.Target{}, iam.Errorf(iam.ValidationError,
			"OAuth 2.0 access tokens are not served; send an OpenID Connect ID token without ProviderId.")
	}
	t, err := onTrusting(c, *in.RoleArn, *in.RoleSessionName)
	if err != nil {
		return t, err
	}
	account, _, _ := cutRoleARN(*in.RoleArn)
	p, said, err := a.verify(c, account, *in.WebIdentityToken)
	if err != nil {
		return t, err
	}
	passed, err := said.attributes()
	if err != nil {
		return t, err
	}
	principal, err := eval.ParsePrincipal(p.ARN())
	if err != nil {
		return t, err
	}
	c.Caller = &op.Caller{
		Principal: principal, ARN: p.ARN(), Provider: p.ARN(),
		UserID: p.ARN() + ":" + said.audience(p) + ":" + said.text("sub"),
	}
	t = t.With("aws:FederatedProvider", p.ARN())
	for key, values := range said.context(p) {
		t = t.With(key, values...)
	}
	return passed.require(t, passed), nil
}

// assumeRoleWithWebIdentity issues the session of a role that trusts the provider of a token. The token was verified
// before the decision.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (a *api) assumeRoleWithWebIdentity(
	_ context.Context, c *op.Call, in *sts.AssumeRoleWithWebIdentityInput,
) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	r := findRole(c.State, *in.RoleArn)
	_, said, err := decode(*in.WebIdentityToken)
	if err != nil {
		return nil, err
	}
	url := strings.TrimPrefix(said.text("iss"), "https://")
	p := snapshot.Get[iam.OIDCProvider](c.State, iam.OIDCProviderKey(accountOf(r), url))
	if r == nil || p == nil {
		return nil, errGone(*in.RoleArn)
	}
	life, err := roleLifetime(r, in.DurationSeconds, false)
	if err != nil {
		return nil, err
	}
	attributes, err := said.attributes()
	if err != nil {
		return nil, err
	}
	s := newRoleSession(c, r, *in.RoleSessionName, attributes)
	s.WebIdentity = &session.WebIdentity{
		Provider: p.ARN(), Subject: said.text("sub"), Audience: said.audience(p), Context: said.context(p),
	}
	percent, err := limit(c, s, in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	credentials, err := issue(c, s, life)
	if err != nil {
		return nil, err
	}
	return &sts.AssumeRoleWithWebIdentityOutput{
		AssumedRoleUser: assumedRoleUser(r, s), Audience: aws.String(said.audience(p)), Credentials: credentials,
		PackedPolicySize: percent, Provider: aws.String(said.text("iss")), SourceIdentity: optional(s.SourceIdentity),
		SubjectFromWebIdentityToken: aws.String(said.text("sub")),
	}, nil
}

func accountOf(r *iam.Role) string {
	if r == nil {
		return ""
	}
	return r.Account
}
