package eval_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/writ-iam/writ/eval"
)

func TestParsePrincipal(t *testing.T) {
	for text, account := range map[string]string{
		"":                                   "",
		"*":                                  "",
		"111122223333":                       "111122223333",
		"arn:aws:iam::111122223333:root":     "111122223333",
		"arn:aws:iam::111122223333:user/dev": "111122223333",
		"arn:aws:iam::111122223333:user/team/red/dev":                         "111122223333",
		"arn:aws-cn:iam::111122223333:role/service-role/app":                  "111122223333",
		"arn:aws:iam::111122223333:role/aws-service-role/a/AWSServiceRoleFor": "111122223333",
		"arn:aws:sts::111122223333:assumed-role/app/session":                  "111122223333",
		"arn:aws:sts::111122223333:federated-user/dev":                        "111122223333",
		"arn:aws:iam::111122223333:oidc-provider/token.example.com/a":         "",
		"arn:aws:iam::111122223333:saml-provider/corp":                        "",
		"amplify.amazonaws.com":                                               "",
		"accounts.google.com":                                                 "",
	} {
		p, err := eval.ParsePrincipal(text)
		if err != nil || p.Account() != account {
			t.Errorf("ParsePrincipal(%q): account %q, %v", text, p.Account(), err)
		}
		if again, err := eval.ParsePrincipal(p.String()); err != nil || again.String() != p.String() {
			t.Errorf("ParsePrincipal(%q).String() = %q, which parses to %q, %v", text, p, again, err)
		}
	}
}

// badPrincipals, and what the error must say.
var badPrincipals = map[string]string{
	"dev":                                        `expected an ARN`,
	"arn:aws:iam::111122223333":                  `fewer than six parts`,
	"arn:aws:iam::aws:user/dev":                  `its account is not one of twelve digits`,
	"arn:aws:iam::111122223333:user/*":           `a principal has no wildcards`,
	"arn:aws:iam::111122223333:user/":            `expected root, user/`,
	"arn:aws:iam::111122223333:group/a":          `a group is not a principal`,
	"arn:aws:iam::111122223333:policy/a":         `expected root, user/`,
	"arn:aws:s3:::bucket":                        `its account is not one of twelve digits`,
	"arn:aws:sts::111122223333:session/a":        `expected root, user/`,
	"arn:aws:sts::111122223333:assumed-role/app": `expected assumed-role/role-name/session-name`,
	"a b.amazonaws.com":                          `expected an ARN`,
}

func TestParsePrincipalSaysWhatIsWrong(t *testing.T) {
	for text, want := range badPrincipals {
		_, err := eval.ParsePrincipal(text)
		var pe *eval.PrincipalError
		if !errors.As(err, &pe) || pe.Text != text || !strings.Contains(pe.Reason, want) {
			t.Errorf("ParsePrincipal(%q): %v, want %s", text, err, want)
		}
	}
}

func TestSessionIssuerMustFitTheSession(t *testing.T) {
	for _, c := range []struct {
		principal, issuer string
		ok                bool
	}{
		{"arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:role/team/app", true},
		{"arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:role/other", false},
		{"arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::444455556666:role/app", false},
		{"arn:aws:sts::111122223333:federated-user/x", "arn:aws:iam::111122223333:user/dev", true},
		{"arn:aws:sts::111122223333:federated-user/x", "arn:aws:iam::111122223333:role/dev", false},
		{"arn:aws:iam::111122223333:user/dev", "arn:aws:iam::111122223333:user/dev", false},
		{"arn:aws:sts::111122223333:assumed-role/app/s", "app", false},
		{"", "arn:aws:iam::111122223333:user/dev", false},
	} {
		p, err := eval.ParsePrincipal(c.principal)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.WithSessionIssuer(c.issuer); (err == nil) != c.ok {
			t.Errorf("%s from %s: %v", c.principal, c.issuer, err)
		}
	}
}

func FuzzParsePrincipal(f *testing.F) {
	for text := range badPrincipals {
		f.Add(text, "arn:aws:iam::111122223333:role/app")
	}
	f.Add("arn:aws:sts::111122223333:assumed-role/app/s", "arn:aws:iam::111122223333:role/team/app")
	f.Fuzz(func(t *testing.T, text, issuer string) {
		p, err := eval.ParsePrincipal(text)
		if err != nil {
			var pe *eval.PrincipalError
			if !errors.As(err, &pe) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		if again, err := eval.ParsePrincipal(p.String()); err != nil || again.String() != p.String() {
			t.Fatalf("%q parses to %q, which parses to %q, %v", text, p, again, err)
		}
		if q, err := p.WithSessionIssuer(issuer); err == nil && q.String() != p.String() {
			t.Fatalf("an issuer changes %q to %q", p, q)
		}
	})
}
