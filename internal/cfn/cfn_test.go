package cfn_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/internal/cfn"
)

// show writes a value as JSON in which numbers and booleans have their kind before them.
func show(n *needs.Node) string {
	switch n.Kind {
	case needs.Text:
		return fmt.Sprintf("%q", n.Text)
	case needs.List:
		var items []string
		for _, item := range n.Items {
			items = append(items, show(item))
		}
		return "[" + strings.Join(items, " ") + "]"
	case needs.Map:
		var members []string
		for _, m := range n.Members {
			members = append(members, m.Name+":"+show(m.Node))
		}
		return "{" + strings.Join(members, " ") + "}"
	case needs.Number:
		return "number " + n.Text
	}
	return n.Text
}

// TestRead reads values in JSON and YAML.
func TestRead(t *testing.T) {
	for _, c := range []struct{ file, src, want string }{
		{"t.json", `{"a": [1, -2.5e3, true, null, "x"], "b": {}}`, `{a:[number 1 number -2.5e3 true null "x"] b:{}}`},
		{"t.template", "\n {\"a\": {\"Fn::GetAtt\": \"b.c\"}}", `{a:{Fn::GetAtt:"b.c"}}`},
		{"t.json", "\ufeff{\"a\": \"b\"}", `{a:"b"}`},
		{"t.yaml", "\ufeffa: b", `{a:"b"}`},
		{"t.yaml", `{"a": "b"}`, `{a:"b"}`},
		{"t.yaml", `{a: b}`, `{a:"b"}`},
		{"t.yaml", "a: !Ref b", `{a:{Ref:"b"}}`},
		{"t.yaml", "a: !Condition b", `{a:{Condition:"b"}}`},
		{"t.yaml", "a: !GetAtt b.c.d", `{a:{Fn::GetAtt:["b" "c.d"]}}`},
		{"t.yaml", "a: !GetAtt [b, c]", `{a:{Fn::GetAtt:["b" "c"]}}`},
		{"t.yaml", "a: !Sub\n  - x\n  - {b: !Ref c}", `{a:{Fn::Sub:["x" {b:{Ref:"c"}}]}}`},
		{"t.yaml", "a: !Sub |\n  x\n  y\n", "{a:{Fn::Sub:\"x\\ny\\n\"}}"},
		{"t.yaml", "a: !If [b, !Join ['', [c]], !Select [0, !Split [',', d]]]", `{a:{Fn::If:["b" {Fn::Join:["" ["c"]]} {Fn::Select:[number 0 {Fn::Split:["," "d"]}]}]}}`},
		{"t.yaml", "a: [!And [x], !Or [x], !Not [x], !Equals [x, y], !FindInMap [m, n, o], !ImportValue p, !Base64 q, !Cidr [r], !GetAZs '', !Transform {Name: s}, !Length [t], !ToJsonString {u: v}]",
			`{a:[{Fn::And:["x"]} {Fn::Or:["x"]} {Fn::Not:["x"]} {Fn::Equals:["x" "y"]} {Fn::FindInMap:["m" "n" "o"]} {Fn::ImportValue:"p"} {Fn::Base64:"q"} {Fn::Cidr:["r"]} {Fn::GetAZs:""} {Fn::Transform:{Name:"s"}} {Fn::Length:["t"]} {Fn::ToJsonString:{u:"v"}}]}`},
		{"t.yaml", "a: !ImportValue\n  Fn::Sub: x", `{a:{Fn::ImportValue:{Fn::Sub:"x"}}}`},
		{"t.yaml", "a: [yes, No, on, OFF, true, False, 'yes', \"no\", y]", `{a:[true false true false true false "yes" "no" "y"]}`},
		{"t.yaml", "a: [2012-10-17, 1.5, 012345678901, 0x1f, null, ~, '', 1_000]", `{a:["2012-10-17" number 1.5 "012345678901" "0x1f" null null "" "1_000"]}`},
		{"t.yaml", "a: [!Ref yes, !!str yes, !!str 5, !!int 5, !Ref 5]", `{a:[{Ref:"yes"} "yes" "5" number 5 {Ref:"5"}]}`},
		{"t.yaml", "2: a\ntrue: b\n\"c d\": e", `{2:"a" true:"b" c d:"e"}`},
		{"t.yaml", "a: &anchor b\n", `{a:"b"}`},
		{"t.yaml", "---\na: b\n...\n", `{a:"b"}`},
		{"t.yaml", "%YAML 1.1\n---\na: b\n", `{a:"b"}`},
		{"t.yaml", "a:\n  Fn::ForEach::X: [A, [b], {c: d}]", `{a:{Fn::ForEach::X:["A" ["b"] {c:"d"}]}}`},
	} {
		template, err := cfn.Read(c.file, []byte(c.src))
		if err != nil {
			t.Errorf("%q: %v", c.src, err)
		} else if got := show(template.Root); got != c.want {
			t.Errorf("%q is read as %s, want %s", c.src, got, c.want)
		}
	}
}

// TestPlaces has the places of values, which are the same in both languages but for the way to write them.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		file, src string
		want      string
	}{
		{"t.json", "{\n  \"ä\": \"ö\", \"b\": [\n 1]}", "ä 4:2:3 10:2:8, b 16:2:13 21:2:18"},
		{"t.yaml", "\"ä\": \"ö\"\nb:\n  - 1\n", "ä 0:1:1 6:1:6, b 11:2:1 16:3:3"},
		{"t.yaml", "# ü\nb: !Ref c\nd: !GetAtt e.f", "b 5:2:1 8:2:4, d 15:3:1 18:3:4"},
	} {
		template, err := cfn.Read(c.file, []byte(c.src))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range template.Root.Members {
			got = append(got, fmt.Sprintf("%s %d:%d:%d %d:%d:%d", m.Name, m.Pos.Offset, m.Pos.Line, m.Pos.Column, m.Node.Pos.Offset, m.Node.Pos.Line, m.Node.Pos.Column))
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%q: %s, want %s", c.src, got, c.want)
		}
	}
}

// TestRefused has what is no template, with the place where it is told.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ file, src, want string }{
		{"t.json", "", "t.json: line 1, column 1: the template is empty"},
		{"t.yaml", " \n", "t.yaml: line 1, column 1: the template is empty"},
		{"t.yaml", "# nothing\n", "t.yaml: line 1, column 1: the template is empty"},
		{"t.yaml", "---\n---\n", "t.yaml: line 2, column 1: a second document begins here"},
		{"t.yaml", "text", "t.yaml: line 1, column 1: a template is a map of sections such as Resources, and this is none"},
		{"t.json", "[1]", "a template is a map of sections"},
		{"t.json", "{\"a\": 1,}", "t.json: line 1, column 8: the comma before } is one too many"},
		{"t.json", "{\"a\": {\"b\": 1,\n \"b\": 2}}", "t.json: line 2, column 2: a: the key \"b\" is given twice; it stands at line 1 too"},
		{"t.json", "{\"a\": \"\xff\"}", "t.json: line 1, column 8: the byte 0xff is not UTF-8"},
		{"t.yaml", "a: b\nc: \xff", "t.yaml: line 2, column 4: the byte 0xff is not UTF-8"},
		{"t.yaml", "a: b\n c: d", "t.yaml: line 2, column 3: the template is not YAML: mapping values are not allowed in this context"},
		{"t.yaml", "a: [", "the template is not YAML"},
		{"t.yaml", "\ta: b", "t.yaml: line 1, column 1: the template is not YAML"},
		{"t.yaml", "a: b\na: c", "t.yaml: line 2, column 1: the key \"a\" is given twice; it stands at line 1 too"},
		{"t.yaml", "a: b\n---\nc: d", "a second document begins here; a template is one document"},
		{"t.yaml", "a: b\n---\nc: [", "the template is not YAML"},
		{"t.yaml", "a: &x b\nc: *x", "t.yaml: line 2, column 4: c: CloudFormation takes no YAML aliases; write the value out"},
		{"t.yaml", "a: *x", "t.yaml: line 1, column 4: CloudFormation takes no YAML aliases"},
		{"t.yaml", "a: &x {b: *x}", "CloudFormation takes no YAML aliases"},
		{"t.yaml", "a: &x b\n*x : c", "CloudFormation takes no YAML aliases"},
		{"t.yaml", "a:\n  <<: {b: c}", "t.yaml: line 2, column 3: a: CloudFormation takes no hash merges (<<); write the members out"},
		{"t.yaml", "a: !!binary aGFsbG8=", "t.yaml: line 1, column 4: a: CloudFormation takes no YAML tag !!binary"},
		{"t.yaml", "a: !!set {b}", "CloudFormation takes no YAML tag !!set"},
		{"t.yaml", "a: !!timestamp 2012-10-17", "CloudFormation takes no YAML tag !!timestamp"},
		{"t.yaml", "a: !Nothing b", "t.yaml: line 1, column 4: a: !Nothing is no function of CloudFormation"},
		{"t.yaml", "a: {!Ref b: c}", "t.yaml: line 1, column 5: a: a key is a text, and !Ref makes it a function"},
		{"t.yaml", "? [a]\n: b", "t.yaml: line 1, column 3: a key is a text, and this is a list or a map"},
		{"t.yaml", "a: " + strings.Repeat("[", 80) + strings.Repeat("]", 80), "values are nested more than 64 deep"},
		{"t.yaml", "a: " + strings.Repeat("!Base64 [", 40) + strings.Repeat("]", 40), "values are nested more than 64 deep"},
		{"t.json", `{"a": ` + strings.Repeat("[", 80) + strings.Repeat("]", 80) + "}", "values are nested more than 64 deep"},
		{"t.yaml", "a: " + strings.Repeat("x", cfn.MaxSize), "the template has 2097155 bytes; at most 2097152 are read"},
	} {
		_, err := cfn.Read(c.file, []byte(c.src))
		var fault *needs.TemplateError
		if !errors.As(err, &fault) || fault.File != c.file || fault.Pos.Line < 1 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60q: %v, want %s", c.src, err, c.want)
		}
	}
}

// TestHostile reads texts that are made to take long: none does.
func TestHostile(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c, ", c-1), 9))
	}
	for _, src := range []string{
		bomb,
		strings.Repeat("[", cfn.MaxSize),
		strings.Repeat("- ", cfn.MaxSize/2),
		strings.Repeat("? ", cfn.MaxSize/2),
		strings.Repeat("{a: ", cfn.MaxSize/4),
		strings.Repeat("a: {", cfn.MaxSize/4),
		strings.Repeat("[a]: ", cfn.MaxSize/5),
		strings.Repeat("a\n", cfn.MaxSize/2),
		strings.Repeat("!Ref ", cfn.MaxSize/5),
		strings.Repeat("k: v\n", cfn.MaxSize/5),
		"a: \"" + strings.Repeat("\\x41", cfn.MaxSize/5),
		"a: " + strings.Repeat("&x ", cfn.MaxSize/4),
		strings.Repeat("#\n", cfn.MaxSize/2),
		strings.Repeat("---\n", cfn.MaxSize/4),
		"a: |\n" + strings.Repeat(" x\n", cfn.MaxSize/4),
		"a: " + strings.Repeat("é ", cfn.MaxSize/4) + "x",
		"{" + strings.Repeat(`"é": [`, cfn.MaxSize/8),
	} {
		start := time.Now()
		if _, err := cfn.Read("t.yaml", []byte(src)); err == nil && strings.Contains(src, "*") {
			t.Errorf("%.20q is read", src)
		}
		// Far above what it takes, with the race detector and on a busy machine too.
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%.20q takes %v", src, took)
		} else {
			t.Logf("%.20q takes %v", src, took)
		}
	}
}

// FuzzRead has texts of any kind: an error with a place, or a template that is evaluated or refused with a place.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}}}}}`,
		"Parameters: {P: {Type: CommaDelimitedList, Default: 'a,b'}}\nConditions: {C: !Equals [!Ref P, x]}\nMappings: {M: {a: {b: c}}}\nResources:\n  A: {Type: T, Condition: C, Properties: {a: !If [C, !Ref B, !Ref AWS::NoValue], b: !Sub '${B.Arn}${!x}', c: !FindInMap [M, a, b]}}\n  B: {Type: AWS::IAM::Role, DependsOn: [], Properties: {x: !Select [0, !Split [',', 'a,b']], y: !Cidr [10.0.0.0/8, 2], z: !GetAZs ''}}\n  S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x, Parameters: {}}}\n  Fn::ForEach::L: [N, !Ref P, {'Q${N}': {Type: AWS::SQS::Queue}}]\nOutputs: {O: {Value: !GetAtt B.Arn}}\n",
		"a: &x [*x]\n<<: b", "a: !Foo b", "a:\n  ? b\n  : c\n", "%YAML 1.1\n---\na: {{resolve:ssm:x}}", "\ufeff{}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, file := range []string{"t.json", "t.yaml"} {
			template, err := cfn.Read(file, []byte(src))
			if err == nil {
				_, err = needs.Evaluate([]*needs.Template{template}, needs.Deployment{StackName: "app", Region: "eu-west-1"})
			}
			var fault *needs.TemplateError
			if err != nil && (!errors.As(err, &fault) || fault.Pos.Line < 1 || fault.Pos.Column < 1 || fault.Pos.Offset > len(src) || fault.Reason == "") {
				t.Errorf("%v", err)
			}
		}
	})
}

// BenchmarkApp reads and evaluates the templates of an app.
func BenchmarkApp(b *testing.B) {
	templates := func() []*needs.Template { return app(b) }
	if folders := deployed(b); len(folders) > 0 {
		templates = func() []*needs.Template { return read(b, folders[0]+"/*.json") }
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := needs.Evaluate(templates(), needs.Deployment{}); err != nil {
			b.Fatal(err)
		}
	}
}
