package arn_test

import (
	"errors"
	"testing"

	"github.com/writ-iam/writ/arn"
)

func TestParseSplitsAtTheFirstFiveColons(t *testing.T) {
	for text, want := range map[string]arn.ARN{
		"arn:aws:s3:::bucket/a:b":                      {"aws", "s3", "", "", "bucket/a:b"},
		"arn:aws:iam::111122223333:user/team/dev":      {"aws", "iam", "", "111122223333", "user/team/dev"},
		"arn:aws-cn:lambda:cn-north-1:1:function:f:$L": {"aws-cn", "lambda", "cn-north-1", "1", "function:f:$L"},
		"arn:aws:iam::aws:policy/ReadOnlyAccess":       {"aws", "iam", "", "aws", "policy/ReadOnlyAccess"},
	} {
		got, err := arn.Parse(text)
		if err != nil || got != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("Parse(%q).String() = %q", text, got.String())
		}
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for _, text := range []string{"", "*", "arn", "arn:aws", "arn:aws:s3:::", "arn::s3:::b", "arn:aws::::b", "ARN:aws:s3:::b", "urn:aws:s3:::b"} {
		_, err := arn.Parse(text)
		var pe *arn.ParseError
		if !errors.As(err, &pe) || pe.Text != text || pe.Reason == "" {
			t.Errorf("Parse(%q): error %v, want a *ParseError with text and reason", text, err)
		}
	}
}

func TestIsAccountID(t *testing.T) {
	for s, want := range map[string]bool{"111122223333": true, "": false, "aws": false, "11112222333": false, "1111222233334": false, "11112222333x": false} {
		if arn.IsAccountID(s) != want {
			t.Errorf("IsAccountID(%q) = %v", s, !want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("arn:aws:s3:::bucket/key")
	f.Add("arn:aws:iam::111122223333:root")
	f.Add("arn:::::")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := arn.Parse(s)
		if err != nil {
			if a != (arn.ARN{}) {
				t.Fatalf("Parse(%q) returned both %+v and an error", s, a)
			}
			return
		}
		if a.String() != s {
			t.Fatalf("Parse(%q).String() = %q", s, a.String())
		}
	})
}
