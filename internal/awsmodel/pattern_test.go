package awsmodel

import (
	"strings"
	"testing"
)

// matches has, for each pattern of the three models, values that match it and values that do not, separated by spaces;
// \s is a space, \n a line feed, \v a vertical tab, \e the empty value.
var matches = []struct{ pattern, good, bad string }{
	{`((/[A-Za-z0-9\.,\+@=_-]+)*)/`, `/ /a/ /a.,+@=_-/b/`, `\e a /a a/ //a/ /é/ /a/\n`},
	{`(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`, `/ /a/ /a!~/ ///`, `\e /a a/ /\s/ /é/`},
	{`[ -~]+`, `a \s~`, `\e é \n`},
	{`[:\w]+`, `a:b_9 :`, `\e - é`},
	{`[A-Z0-9]+`, `AB9`, `\e a`},
	{`[\d]+`, `0123456789`, `\e a ٣`},
	{`[\d]*`, `\e 123456`, `a`},
	{`\d{12}`, `123456789012`, `\e 12345678901 1234567890123 123456789012\n`},
	{`[\p{L}\p{Z}\p{N}_.:/=+\-@]*`, `\e aé日 a\sb _.:/=+-@ ½`, `& \n ( a*`},
	{`[\p{L}\p{Z}\p{N}_.:/=+\-@]+`, `aé日 a\sb _.:/=+-@ 𝒜`, `\e & \n ( 😀`},
	{`^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`, `\e aé日 a\sb _.:/=+-@`, `& a\n (`},
	{`[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*`, `\e a\n ¡ÿ ~`, "\u00A0 \u007F \u0100 \v"},
	{`[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]+`, `a\n ¡ÿ ~`, "\\e \u00A0 \u007F \u0100"},
	{`[\u0009\u000A\u000D\u0020-\u00FF]+`, "{\"a\":1}\\n \u00A0 ÿ", "\\e \u0100 \u0000 \\v"},
	// Java reads \u10000-\u10FFFF as U+1000, "0" to U+10FF, and "F": nothing beyond the basic plane.
	{`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+`,
		"arn:aws:iam::1:role/é \u0085 日 \uFFFD \u0081", "\\e \u0000 \uFFFE 😀 \U00010000"},
	{`[\u0020-\u00FF]+`, `a\sÿ`, `\e \n Ā`},
	{`[\u0020-\u007E]+`, `a\s~`, `\e \n é`},
	{`[\w+=,.@-]*`, `\e a+=,.@-_9`, `\s a/b é a\n a:b`},
	{`[\w+=,.@-]+`, `a+=,.@-_9`, `\e a\sb a/b é a\n`},
	{`[\w+=,.@-]{1,64}`, `a+=,.@-_9 ` + strings.Repeat("a", 64), `\e a/b ` + strings.Repeat("a", 65)},
	{`[\w+=,.@:-]*`, `\e AROA:a@b`, `/ \s`},
	{`[\w+=,.@\:-]*`, `\e AROA:a@b`, `/ \s \`},
	{`[\w+=,.@:\/-]*`, `\e a:/b`, `\s \`},
	{`[\w+=/:,.@-]*`, `\e arn:aws:iam::1:mfa/a`, `\s * \n`},
	{`[\w+=/:,.@-]+`, `arn:aws:iam::1:mfa/a`, `\e \s *`},
	{`[\w-]*`, `\e a-_9`, `. \s`},
	{`[\w-]+`, `a-_9`, `\e . \s`},
	{`[\w._-]+`, `a.-_9`, `\e / \s`},
	{`[\w]+`, `AKIA_9`, `\e - é`},
	{`[\w]*`, `\e ASIA9`, `- é`},
	{`\u002F[\u0021-\u007F]*`, "/ /a/b /\u007F", `\e a /\s a/`},
	{`^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$`,
		`abc a-b 123 a-b-c ` + strings.Repeat("a", 63) + ` a` + strings.Repeat("-a", 31),
		`\e ab a -ab ab- a--b A-b a_b aé9 abc\n ` + strings.Repeat("a", 64)},
	{`^[a-zA-Z0-9:/+=,.@_-]+$`, `aZ9:/+=,.@_-`, `\e \s a\n`},
	{`^[a-zA-Z0-9:_.-]+$`, `aZ9:_.-`, `\e / a\n`},
	{`^http(s?)://[a-zA-Z0-9._/-]*(\?[a-zA-Z0-9._=&-]*)?(#[a-zA-Z0-9._/-]*)?$`,
		`http:// https://a.b/c?d=e&f#g`, `\e ftp://a https://a\sb https://a#b?c http:/`},
	{`^o-[0-9a-z]{10,32}\/r-[0-9a-z]{4,32}[0-9a-z-\/]*`, `o-0123456789/r-abcd/ou-ab o-0123456789/r-abcd`,
		`\e o-012345678/r-abcd o-0123456789/r-abc o-0123456789/r-abcd/OU`},
	{`^o-[a-z0-9]{10,32}$`, `o-0123456789`, `\e o-012345678 o-012345678A xo-0123456789 o-0123456789\n`},
	{`^p-[0-9a-zA-Z_]{8,128}$`, `p-FullAWSAccess p-12345678`, `\e p-1234567 p-1234-678`},
	{`v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`, `v1 v10 v1. v1.a-b`, `\e v0 v 1 v1x v1.a_b`},
	{`[\s\S]*`, `\e a\n\v 😀é`, ``},
	{`[^\s@]+@[^\s@]+\.[^\s@]+`, `a@b.c a.b@c.d.e`, `\e a@b @b.c a@b@c.d a\sb@c.d a\vb@c.d a@b.`},
	{`^(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`, `123456789012 ou-ab12-abcdefgh`,
		`\e 12345678901 ou-ab12 123456789012x xou-ab12-abcdefgh`},
	{`^(arn:aws:organizations::\d{12}:policy\/o-[a-z0-9]{10,32}\/[0-9a-z_]+\/p-[0-9a-z]{10,32})|` +
		`(arn:aws:organizations::aws:policy\/[0-9a-z_]+\/p-[0-9a-zA-Z_]{10,128})`,
		`arn:aws:organizations::123456789012:policy/o-0123456789/service_control_policy/p-0123456789 ` +
			`arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess`,
		`\e arn:aws:organizations::aws:policy/x/p-short`},
	{`^(o-[a-z0-9]{10,32}\/r-[0-9a-z]{4,32}(\/ou\-[0-9a-z]{4,32}-[a-z0-9]{8,32})*(\/\d{12})*)\/`,
		`o-0123456789/r-abcd/ o-0123456789/r-abcd/ou-ab12-abcdefgh/123456789012/`, `\e o-0123456789/r-abcd`},
	{`^(r-[0-9a-z]{4,32})|(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`, `r-abcd 123456789012 ou-ab12-abcdefgh`,
		`\e r-abc 12345678901 r-abcd-x`},
	{`^(r-[0-9a-z]{4,32})|(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})|(^p-[0-9a-zA-Z_]{8,128})|` +
		`(^rp-[0-9a-zA-Z_]{4,128})|(^rt-[0-9a-zA-Z_]{8,32})$`,
		`r-abcd 123456789012 ou-ab12-abcdefgh p-FullAWSAccess rp-abcd rt-abcdefgh`, `\e p-short rp-abc rt-a x`},
	{`^(r-[0-9a-z]{4,32})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$`, `r-abcd ou-ab12-abcdefgh`, `\e 123456789012 r-a`},
	{`^[ -~]+$`, `a\s~`, `\e é a\n`},
	{`^\d{12}$`, `123456789012`, `\e 12345678901 123456789012\n`},
	{`^arn:[a-z0-9][a-z0-9-.]{0,62}:organizations::\d{12}:resourcepolicy\/o-[a-z0-9]{10,32}\/rp-[0-9a-zA-Z_]{4,128}`,
		`arn:aws-us.gov:organizations::123456789012:resourcepolicy/o-0123456789/rp-abcd`,
		`\e arn:AWS:organizations::123456789012:resourcepolicy/o-0123456789/rp-abcd`},
	{`^arn:[a-z0-9][a-z0-9-.]{0,62}:organizations::\d{12}:transfer\/o-[a-z0-9]{10,32}\/(billing)\/` +
		`(inbound|outbound)\/rt-[0-9a-z]{8,32}$`,
		`arn:aws:organizations::123456789012:transfer/o-0123456789/billing/inbound/rt-abcdefgh`,
		`\e arn:aws:organizations::123456789012:transfer/o-0123456789/billing/sideways/rt-abcdefgh`},
	{`^arn:aws:organizations::.+:.+`, `arn:aws:organizations::1:a`,
		"\\e arn:aws:organizations:::a arn:aws:organizations::1:a\\n arn:aws:organizations::1:\u2028a"},
	{`^arn:aws:organizations::\d{12}:account\/o-[a-z0-9]{10,32}\/\d{12}`,
		`arn:aws:organizations::123456789012:account/o-0123456789/123456789012`, `\e arn:aws:iam::1:user/a`},
	{`^arn:aws:organizations::\d{12}:handshake\/o-[a-z0-9]{10,32}\/[a-z_]{1,32}\/h-[0-9a-z]{8,32}`,
		`arn:aws:organizations::123456789012:handshake/o-0123456789/invite/h-abcdefgh`, `\e arn:aws:iam::1:user/a`},
	{`^arn:aws:organizations::\d{12}:organization\/o-[a-z0-9]{10,32}`,
		`arn:aws:organizations::123456789012:organization/o-0123456789`, `\e arn:aws:iam::1:user/a`},
	{`^arn:aws:organizations::\d{12}:ou\/o-[a-z0-9]{10,32}\/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}`,
		`arn:aws:organizations::123456789012:ou/o-0123456789/ou-ab12-abcdefgh`, `\e arn:aws:iam::1:user/a`},
	{`^arn:aws:organizations::\d{12}:root\/o-[a-z0-9]{10,32}\/r-[0-9a-z]{4,32}`,
		`arn:aws:organizations::123456789012:root/o-0123456789/r-abcd`, `\e arn:aws:iam::1:user/a`},
	{`^car-[a-z0-9]{8,32}$`, `car-abcdefgh`, `\e car-a`},
	{`^h-[0-9a-z]{8,32}$`, `h-abcdefgh`, `\e h-a`},
	{`^ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}$`, `ou-ab12-abcdefgh`, `\e ou-ab12`},
	{`^r-[0-9a-z]{4,32}$`, `r-abcd`, `\e r-abc`},
	{`^rp-[0-9a-zA-Z_]{4,128}$`, `rp-abcd`, `\e rp-abc`},
	{`^rt-[0-9a-z]{8,32}$`, `rt-abcdefgh`, `\e rt-ABCDEFGH`},
}

var escapes = strings.NewReplacer(`\s`, " ", `\n`, "\n", `\v`, "\v", `\e`, "")

func TestPatterns(t *testing.T) {
	tested := map[string]bool{}
	for _, m := range matches {
		p, err := CompilePattern(m.pattern)
		if err != nil {
			t.Error(err)
			continue
		}
		tested[m.pattern] = true
		for _, value := range strings.Fields(m.good) {
			if value = escapes.Replace(value); !p.Match(value) {
				t.Errorf("%q does not match %s", value, p)
			}
		}
		for _, value := range strings.Split(m.bad, " ") {
			if value = escapes.Replace(value); m.bad != "" && p.Match(value) {
				t.Errorf("%q matches %s", value, p)
			}
		}
	}
	for _, s := range []*Service{IAM(), STS(), Organizations()} {
		found := 0
		for name, source := range filePatterns(t, s.Name) {
			found++
			if !tested[source] {
				t.Errorf("the pattern of %s is not tested: %s", name, source)
			}
		}
		if found < 10 {
			t.Errorf("%s has %d patterns", s.Name, found)
		}
	}
}

// filePatterns are the patterns of an embedded file, by shape. Each must have become the pattern of that shape.
func filePatterns(t *testing.T, name string) map[string]string {
	f, err := decodeFile(map[string][]byte{"iam": iamFile, "sts": stsFile, "organizations": organizationsFile}[name])
	if err != nil {
		t.Fatal(err)
	}
	patterns := map[string]string{}
	for _, s := range f.Shapes {
		if s.Pattern != "" {
			patterns[s.Name] = s.Pattern
		}
	}
	return patterns
}

func TestPatternsThatAreRefused(t *testing.T) {
	for _, source := range []string{
		`a(?!b)`, `(?=a)`, `(?i)a`, `(a)\1`, `a++`, `a*+`, `a{1,2}+`, `[a-z&&[b]]`, `[a[b]]`, `\u12`, `\q`, `\bword\b`,
		`a\`, `(`, `[a`, `\Qa\E`, `\h`,
	} {
		if p, err := CompilePattern(source); err == nil {
			t.Errorf("%s became a pattern: %v", source, p)
		}
	}
}

func BenchmarkPatternPolicyDocument(b *testing.B) {
	p, err := CompilePattern(`[\u0009\u000A\u000D\u0020-\u00FF]+`)
	if err != nil {
		b.Fatal(err)
	}
	document := strings.Repeat(`{"Action":"s3:GetObject"}`, 5000)
	b.SetBytes(int64(len(document)))
	for b.Loop() {
		if !p.Match(document) {
			b.Fatal("does not match")
		}
	}
}
