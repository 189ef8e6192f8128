package cli

import (
	"fmt"
	"strings"
	"testing"
)

func TestExplanationIsShort(t *testing.T) {
	var statements, keys []string
	for i := range 20 {
		keys = append(keys, fmt.Sprintf(`"aws:PrincipalTag/k%d": "x"`, i))
	}
	for range 50 {
		statements = append(statements, `{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": {"StringLike": {`+strings.Join(keys, ",")+`}}}`)
		statements = append(statements, `{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}`)
	}
	policy := `{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ",") + `]}`
	for _, action := range []string{"s3:GetObject", "s3:PutObject"} {
		var out, errs strings.Builder
		status := Run(t.Context(), []string{"decide", "--policy", "-", "--action", action}, strings.NewReader(policy), &out, &errs)
		if lines := strings.Count(out.String(), "\n"); status != denied || lines > 16 {
			t.Errorf("exit status %d, %d lines\n%s%s", status, lines, &out, &errs)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"plain \"text\" ö 語":         "plain \"text\" ö 語",
		"a\nb\tc\x1b[31m":            `a\nb\tc\x1b[31m`,
		"it's":                       "it's",
		"\u202eevil\u0085\xff\u200b": `\u202eevil\u0085` + "\ufffd" + `\u200b`,
	} {
		if got := printable(in); got != want {
			t.Errorf("printable(%q) is %q, not %q", in, got, want)
		}
	}
	if got := printable(strings.Repeat("x", 1<<20)); len(got) > 2100 {
		t.Errorf("a text is %d bytes long", len(got))
	}
}

func TestShellQuoted(t *testing.T) {
	const want = `writ decide --context 'aws:x=it'\''s $HOME' --action s3:Get '' '*'`
	if got := shellQuoted([]string{"writ", "decide", "--context", "aws:x=it's $HOME", "--action", "s3:Get", "", "*"}); got != want {
		t.Errorf("got %s, not %s", got, want)
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	if got := (screen{}).green("allowed"); got != "allowed" {
		t.Errorf("got %q", got)
	}
	if got := (screen{colours: true}).red("denied"); got != "\x1b[1;31mdenied\x1b[m" {
		t.Errorf("got %q", got)
	}
}
