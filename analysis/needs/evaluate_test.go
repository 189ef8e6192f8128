package needs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/writ-iam/writ/analysis/needs"
	"github.com/writ-iam/writ/internal/cfn"
)

// read reads a template that a test holds.
func read(t testing.TB, file, src string) *needs.Template {
	t.Helper()
	template, err := cfn.Read(file, []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return template
}

// show writes a value as JSON; a pattern has ~ before it, and ? is a value of which nothing is known.
func show(v *needs.Value) string {
	switch {
	case v == nil:
		return "none"
	case v.Unknown:
		return "?"
	}
	switch v.Kind {
	case needs.Text:
		if v.Pattern {
			return "~" + v.Text
		}
		return v.Text
	case needs.List:
		var items []string
		for _, item := range v.Items {
			items = append(items, show(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case needs.Map:
		var members []string
		for _, m := range v.Members {
			members = append(members, m.Name+": "+show(m.Value))
		}
		return "{" + strings.Join(members, ", ") + "}"
	}
	return v.Kind.String() + " " + v.Text
}

const around = `
Parameters:
  Env: {Type: String, Default: dev}
  Open: {Type: String}
  Names: {Type: CommaDelimitedList, Default: "a, b,c"}
  OpenNames: {Type: List<String>}
  Count: {Type: Number, Default: 5}
  Image: {Type: "AWS::SSM::Parameter::Value<String>", Default: /image}
Mappings:
  Size:
    dev: {cpu: small, list: [x, y]}
    prod: {cpu: large, list: [z]}
Conditions:
  Dev: !Equals [!Ref Env, dev]
  Prod: !Not [!Condition Dev]
  Maybe: !Equals [!Ref Open, "yes"]
  MaybeNot: !Not [{Condition: Maybe}]
  Neither: !And [!Condition Maybe, !Condition Prod]
  Surely: !Or [!Condition Maybe, !Condition Dev]
Resources:
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "role-${Env}", Path: /app/}}
  Queue: {Type: AWS::SQS::Queue}
  Pool: {Type: AWS::Cognito::UserPool, Properties: {UserPoolName: pool}}
  Custom: {Type: Custom::Thing, Properties: {ServiceToken: x}}
  Gone: {Type: AWS::SNS::Topic, Condition: Prod}
  It:
    Type: Test::It
    Properties:
      V: `

// TestFunctions works values out in the template around them.
func TestFunctions(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{`text`, "text"},
		{`5`, "a number 5"},
		{`[yes, "yes", 2012-10-17, null]`, "[a boolean true, yes, 2012-10-17, null null]"},
		{`!Ref Env`, "dev"},
		{`!Ref Open`, "~*"},
		{`!Ref Names`, "[a, b, c]"},
		{`!Ref OpenNames`, "?"},
		{`!Ref Count`, "5"},
		{`!Ref Image`, "~*"},
		{`!Ref AWS::Region`, "eu-west-1"},
		{`!Ref AWS::AccountId`, "111122223333"},
		{`!Ref AWS::Partition`, "aws"},
		{`!Ref AWS::URLSuffix`, "amazonaws.com"},
		{`!Ref AWS::StackName`, "app"},
		{`!Ref AWS::StackId`, "~arn:aws:cloudformation:eu-west-1:111122223333:stack/app/*"},
		{`!Ref AWS::NotificationARNs`, "?"},
		{`!Ref AWS::NoValue`, "none"},
		{`[a, !Ref AWS::NoValue, b]`, "[a, b]"},
		{`{a: !Ref AWS::NoValue, b: 1}`, "{b: a number 1}"},
		{`!Ref Role`, "role-dev"},
		{`!Ref Queue`, "~https://sqs.eu-west-1.amazonaws.com/111122223333/app-Queue-*"},
		{`!Ref Pool`, "~eu-west-1_*"},
		{`!Ref Custom`, "~*"},
		{`!GetAtt Role.Arn`, "arn:aws:iam::111122223333:role/app/role-dev"},
		{`{"Fn::GetAtt": [Role, Arn]}`, "arn:aws:iam::111122223333:role/app/role-dev"},
		{`{"Fn::GetAtt": "Role.Arn"}`, "arn:aws:iam::111122223333:role/app/role-dev"},
		{`!GetAtt [Queue, !Join ["", [Queue, Name]]]`, "~app-Queue-*"},
		{`!GetAtt Pool.Arn`, "~arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_*"},
		{`!GetAtt Custom.Any.Thing`, "~*"},
		{`!Sub "${Env}-${!Env}-${AWS::Region}-${Role.Arn}"`, "dev-${Env}-eu-west-1-arn:aws:iam::111122223333:role/app/role-dev"},
		{`!Sub "${Open}${Open}-${Queue}"`, "~*-https://sqs.eu-west-1.amazonaws.com/111122223333/app-Queue-*"},
		{`!Sub ["${Env}/${x}", {x: !Ref AWS::Region, Env: own}]`, "own/eu-west-1"},
		{`!Sub ["${x}", {x: !GetAtt Role.Arn}]`, "arn:aws:iam::111122223333:role/app/role-dev"},
		{`!Sub "plain $ {} text"`, "plain $ {} text"},
		{`!Join ["-", [a, !Ref Env, 5, true]]`, "a-dev-5-true"},
		{`!Join ["-", !Ref Names]`, "a-b-c"},
		{`!Join ["-", !Ref OpenNames]`, "~*"},
		{`!Join ["", [a, !Ref Open]]`, "~a*"},
		{`!Join [",", []]`, ""},
		{`!Split [",", "a,b,,c"]`, "[a, b, , c]"},
		{`!Split ["-", !Sub "a-b-${Open}-c"]`, "[a, b, ~*]"},
		{`!Select [1, !Split ["-", !Sub "a-b-${Open}-c"]]`, "b"},
		{`!Select [3, !Split ["-", !Sub "a-b-${Open}-c"]]`, "~*"},
		{`!Select [5, !Split [":", !GetAtt Queue.Arn]]`, "~*"},
		{`!Select [4, !Split [":", !GetAtt Queue.Arn]]`, "111122223333"},
		{`!Select [5, !Split [":", !GetAtt Role.Arn]]`, "role/app/role-dev"},
		{`!Select [3, !Split [":", !Sub "arn:aws:x:${Open}:1:r"]]`, "~*"},
		{`!Select [5, !Split [":", !Sub "arn:aws:x:${Open}:1:r"]]`, "r"},
		{`!Select ["2", !Ref Names]`, "c"},
		{`!Select [!Ref Open, [ab, ac]]`, "~a*"},
		{`!Select [0, !Ref OpenNames]`, "~*"},
		{`!Select [0, !GetAZs ""]`, "~eu-west-1*"},
		{`!Select [7, !GetAZs us-east-1]`, "~us-east-1*"},
		{`!FindInMap [Size, !Ref Env, cpu]`, "small"},
		{`!FindInMap [Size, prod, list]`, "[z]"},
		{`!FindInMap [Size, !Ref Open, cpu]`, "~*"},
		{`!FindInMap [Size, test, cpu, {DefaultValue: none}]`, "none"},
		{`!FindInMap [Size, !Ref Open, cpu, {DefaultValue: sole}]`, "~*"},
		{`!If [Dev, a, b]`, "a"},
		{`!If [Prod, a, b]`, "b"},
		{`!If [Maybe, one, two]`, "~*"},
		{`!If [Maybe, arn:a:x, arn:b:x]`, "~arn:*:x"},
		{`!If [Maybe, same, same]`, "same"},
		{`!If [Maybe, !Ref AWS::NoValue, two]`, "two"},
		{`!If [Neither, a, b]`, "b"},
		{`!If [Surely, a, b]`, "a"},
		{`!If [MaybeNot, [a], [b, c]]`, "[a, b, c]"},
		{`!Select [0, !If [MaybeNot, [a], [b, c]]]`, "~*"},
		{`!If [MaybeNot, {a: x, b: y1}, {b: y2, c: z}]`, "{a: x, b: ~y*, c: z}"},
		{`!If [MaybeNot, {a: x}, b]`, "?"},
		{`!If [Dev, a, !Ref Gone]`, "a"},
		{`!ImportValue other-arn`, "~*"},
		{`!Base64 hello`, "aGVsbG8="},
		{`!Base64 {"Fn::Sub": "${Open}"}`, "~*"},
		{`!Cidr [10.0.0.0/16, 3, 8]`, "[10.0.0.0/24, 10.0.1.0/24, 10.0.2.0/24]"},
		{`!Cidr ["2001:db8::/56", 2, 64]`, "[2001:db8::/64, 2001:db8:0:1::/64]"},
		{`!Cidr [!Ref Open, 3, 8]`, "?"},
		{`{"Fn::Length": [a, b]}`, "a number 2"},
		{`{"Fn::Length": !Ref OpenNames}`, "~*"},
		{`{"Fn::ToJsonString": {a: [1, true, null, "x\"y"]}}`, `{"a":[1,true,null,"x\"y"]}`},
		{`{"Fn::ToJsonString": {a: !Ref Open}}`, "~*"},
		{`{"Fn::Transform": {Name: AWS::Include, Parameters: {Location: s3}}}`, "?"},
		{`"a{{resolve:ssm:/name:1}}b"`, "~a*b"},
		{`!Sub "{{resolve:secretsmanager:${Env}-key:SecretString:password}}"`, "~*"},
		{`{Condition: {StringEquals: {a: b}}}`, "{Condition: {StringEquals: {a: b}}}"},
		{`!Equals [!Ref Env, dev]`, "a boolean true"},
	} {
		stacks, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", around+c.value)}, needs.Deployment{StackName: "app", Region: "eu-west-1", Account: "111122223333"})
		if err != nil {
			t.Errorf("%s: %v", c.value, err)
			continue
		}
		it := find(t, stacks, "It")
		if got := show(it.Properties.Get("V")); got != c.want {
			t.Errorf("%s is %s, want %s", c.value, got, c.want)
		}
	}
}

// find returns the resource with a logical id.
func find(t testing.TB, stacks []*needs.Stack, id string) *needs.Resource {
	t.Helper()
	for _, s := range stacks {
		for _, r := range s.Resources {
			if r.LogicalID == id {
				return r
			}
		}
	}
	t.Fatalf("there is no resource %s", id)
	return nil
}

// TestNothingKnown evaluates without region, account and names: all of them are patterns.
func TestNothingKnown(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{`!Ref AWS::Region`, "~*"},
		{`!Ref AWS::URLSuffix`, "~*"},
		{`!Ref AWS::StackName`, "~*"},
		{`!Select [2, !Split ["/", !Ref AWS::StackId]]`, "~*"},
		{`!GetAtt Queue.Arn`, "~arn:*:sqs:*:*:*-Queue-*"},
		{`!GetAtt Role.Arn`, "~arn:*:iam::*:role/app/role-dev"},
		{`!Sub "arn:${AWS::Partition}:s3:::b-${AWS::AccountId}-${AWS::Region}/*"`, "~arn:*:s3:::b-*-*/*"},
	} {
		stacks, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", around+c.value)}, needs.Deployment{})
		if err != nil {
			t.Errorf("%s: %v", c.value, err)
		} else if got := show(find(t, stacks, "It").Properties.Get("V")); got != c.want {
			t.Errorf("%s is %s, want %s", c.value, got, c.want)
		}
	}
}

// TestMistakes has each mistake told with its place.
func TestMistakes(t *testing.T) {
	lines := strings.Count(around, "\n") + 1
	for _, c := range []struct{ value, want string }{
		{`!Ref Nothing`, `column 10: Resources.It.Properties.V.Ref: "Nothing" is no parameter and no resource of this template`},
		{`!Ref AWS::Nothing`, `"AWS::Nothing" is no parameter`},
		{`!Ref Gone`, `the resource "Gone" is not made, because its condition "Prod" is false`},
		{`!Ref [a]`, `Ref takes the name of a parameter or the logical id of a resource`},
		{`!GetAtt Queue`, `Resources.It.Properties.V.Fn::GetAtt: expected the logical id of a resource, a dot and an attribute, found "Queue"`},
		{`!GetAtt Nothing.Arn`, `"Nothing" is no parameter and no resource`},
		{`!GetAtt {a: b}`, `Fn::GetAtt takes`},
		{`!Sub "${Nothing}"`, `"Nothing" is no parameter`},
		{`!Sub "a${Env"`, `the ${ at character 2 of the text has no }`},
		{`!Sub [a, b]`, `Fn::Sub[1]: expected a map of names and their values`},
		{`!Sub [a]`, `Fn::Sub does not take a list of 1`},
		{`!Sub {a: b}`, `Fn::Sub takes a text, or a list of a text and a map`},
		{`!Sub "${Names}"`, `${Names} is a list, and Fn::Sub takes texts`},
		{`!Join ["-", a]`, `Fn::Join[1]: expected a list, found a text`},
		{`!Join ["-", [[a]]]`, `Fn::Join[1][0]: Fn::Join takes texts, found a list`},
		{`!Join a`, `Fn::Join takes a list`},
		{`!Join [[], []]`, `Fn::Join[0]: expected a text, found a list`},
		{`!Select [3, !Ref Names]`, `there is no item 3: the list has 3, counted from 0`},
		{`!Select [x, !Ref Names]`, `"x" is no index`},
		{`!Select [-1, !Ref Names]`, `"-1" is no index`},
		{`!Split ["", a]`, `the delimiter is empty`},
		{`!FindInMap [None, dev, cpu]`, `Mappings have no mapping "None"`},
		{`!FindInMap [Size, test, cpu]`, `Mappings have no first key "test"`},
		{`!FindInMap [Size, dev, ram]`, `Fn::FindInMap[2]: Mappings have no second key "ram"`},
		{`!FindInMap [Size, dev, cpu, {}]`, `expected a map with DefaultValue`},
		{`!If [Nothing, a, b]`, `Resources.It.Properties.V.Fn::If[0]: there is no condition "Nothing" in this template`},
		{`!If [Dev, a]`, `Fn::If does not take a list of 2`},
		{`!Cidr [x, 1, 8]`, `"x" is no block of addresses`},
		{`!Cidr [10.0.0.0/24, 300, 8]`, `"300" is not from 1 to 256`},
		{`!Cidr [10.0.0.0/24, 3, 8]`, `there are no 3 blocks of 8 bits in 10.0.0.0/24`},
		{`!Cidr [10.0.0.0/24, 3, 99]`, `there are no 3 blocks of 99 bits`},
		{`{"Fn::Nothing": a}`, `Resources.It.Properties.V: Fn::Nothing is no function that may stand here`},
		{`{"Fn::Join": ["", []], a: b}`, `Fn::Join has to stand alone in its map`},
		{`!Contains [[a], a]`, `Fn::Contains is no function that may stand here`},
		{`{"Fn::ForEach::X": [N, [a], {"${N}": 1}]}`, ``},
		{`!Not [a, b]`, `Fn::Not does not take a list of 2`},
		{`!Or [text]`, `expected a condition: one of Fn::And, Fn::Equals, Fn::Not, Fn::Or and Condition`},
	} {
		_, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", around+c.value)}, needs.Deployment{})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.value, err)
			}
			continue
		}
		var fault *needs.TemplateError
		if !errors.As(err, &fault) || fault.File != "t.yaml" || fault.Pos.Line > lines || fault.Pos.Line < 5 || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.value, err, c.want)
		}
	}
}

// TestBroken has templates that are wrong as a whole.
func TestBroken(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"a: b", "t.yaml: line 1, column 1: the template has no section Resources"},
		{"Resources: [a]", "t.yaml: line 1, column 12: Resources: expected a map, found a list"},
		{"Resources: {A: b}", "t.yaml: line 1, column 16: Resources.A: a resource is a map, found a text"},
		{"Resources: {A: {}}", "t.yaml: line 1, column 13: Resources.A: the resource has no Type"},
		{"Resources: {A: {Type: T, Properties: x}}", "Resources.A.Properties: expected a map, found a text"},
		{"Resources: {A: {Type: T, Condition: C}}", `Resources.A.Condition: there is no condition "C" in this template`},
		{"Resources: {A: {Type: T, Condition: [C]}}", `expected the name of a condition, found a list`},
		{"Resources: {A: {Type: T, DependsOn: B}}", `Resources.A.DependsOn[0]: "B" is no resource of this template`},
		{"Resources: {A: {Type: T, DependsOn: {a: b}}}", `expected a logical id, found a map`},
		{"Resources: {A: {Type: T, DependsOn: A}}", "t.yaml: line 1, column 13: Resources.A: the resources depend on each other in a circle: A needs A (line 1)"},
		{"Resources:\n  X: {Type: T, Properties: {p: !Ref A}}\n  A: {Type: T, DependsOn: [B]}\n  B: {Type: T, Properties: {p: !Sub '${C.Arn}'}}\n  C: {Type: T, Properties: {p: [!GetAtt A.Arn]}}",
			"t.yaml: line 3, column 3: Resources.A: the resources depend on each other in a circle: A needs B (line 3), which needs C (line 4), which needs A (line 5)"},
		{"Conditions: {A: !Condition B, B: !Not [!Condition A]}\nResources: {}", "t.yaml: line 1, column 17: Conditions.A: the condition needs itself: circular"},
		{"Conditions: {A: !Equals [!Ref R, x]}\nResources: {R: {Type: T}}", `"R" is no parameter`},
		{"Conditions: {A: x}\nResources: {}", "Conditions.A: expected a condition"},
		{"Conditions: {A: !Contains [[a], b]}\nResources: {}", "Fn::Contains stands in Rules only"},
		{"Parameters: {P: x}\nResources: {}", "Parameters.P: a parameter is a map, found a text"},
		{"Parameters: {P: {}}\nResources: {}", "Parameters.P: the parameter has no Type"},
		{"Parameters: {P: {Type: String, Default: {a: b}}}\nResources: {}", "Parameters.P.Default: expected a text, found a map"},
		{"Mappings: {M: x}\nResources: {}", "Mappings.M: expected a map, found a text"},
		{"Mappings: {M: {a: {b: {c: d}}}}\nResources: {}", "Mappings.M.a.b: Mappings hold texts and lists of texts, found a map"},
		{"Parameters: {P: {Type: String, AllowedValues: [a, b], Default: c}}\nResources: {}", `Parameters.P: the value "c" is not one of AllowedValues`},
		{"Parameters: {P: {Type: CommaDelimitedList, AllowedValues: [a, b], Default: 'a,c'}}\nResources: {}", `Parameters.P: the value "c" is not one of AllowedValues`},
		{"Outputs: {O: x}\nResources: {}", "Outputs.O: an output is a map, found a text"},
		{"Outputs: {O: {}}\nResources: {}", "Outputs.O: the output has no Value"},
		{"Outputs: {O: {Value: !Ref X}}\nResources: {}", `Outputs.O.Value.Ref: "X" is no parameter`},
		{"Outputs: {O: {Condition: X, Value: a}}\nResources: {}", `Outputs.O.Condition: there is no condition "X"`},
		{"Parameters: {P: {Type: CommaDelimitedList}}\nResources: {'Fn::ForEach::L': [N, !Ref P, {'R${N}': {Type: T}}]}", "the items of the loop are not known; give the parameter a value"},
		{"Resources: {'Fn::ForEach::L': [N, [a, a], {'R${N}': {Type: T}}]}", `a loop makes the key "Ra" twice`},
		{"Resources: {'Fn::ForEach::L': [N, [a]]}", "Fn::ForEach does not take a list of 2"},
		{"Resources: {'Fn::ForEach::L': [N, [a], b]}", "expected a map, found a text"},
		{"Resources: {S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./t.yaml}}}", "Resources.S: the nested stack has the template t.yaml, in which this one is nested: circular"},
	} {
		_, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", c.src)}, needs.Deployment{})
		var fault *needs.TemplateError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n\t%v\n\twant %s", c.src, err, c.want)
		}
	}
}

// TestTooMuch has templates that are small and would make much.
func TestTooMuch(t *testing.T) {
	double := strings.Repeat("a", 4096)
	for range 15 {
		double = `{"Fn::Sub": ["${x}${x}", {"x": ` + double + `}]}`
	}
	loops := "{\"T${A}${B}${C}${D}${E}${F}\": {Type: T}}"
	for _, name := range []string{"A", "B", "C", "D", "E", "F"} {
		loops = fmt.Sprintf("{'Fn::ForEach::%s': [%s, [a,b,c,d,e,f,g,h,i,j], %s]}", name, name, loops)
	}
	child := "Resources:\n"
	for i := range 8 {
		child += fmt.Sprintf("  S%d: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: %%s}}\n", i)
	}
	var nested []*needs.Template
	for i := range 8 {
		nested = append(nested, read(t, fmt.Sprintf("n%d.yaml", i), strings.ReplaceAll(child, "%s", fmt.Sprintf("n%d.yaml", i+1))))
	}
	for _, c := range []struct {
		templates []*needs.Template
		want      string
	}{
		{[]*needs.Template{read(t, "t.yaml", "Resources: {A: {Type: T, Properties: {p: "+double+"}}}")}, "the functions of the templates make more than 67108864 bytes of text"},
		{[]*needs.Template{read(t, "t.yaml", "Resources: "+loops)}, "loops make more than 200000 values"},
		{nested, "there are more than 1000 stacks"},
	} {
		if _, err := needs.Evaluate(c.templates, needs.Deployment{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestConditions has resources under conditions that hold, that do not, and of which that is not known.
func TestConditions(t *testing.T) {
	stacks, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", `
Parameters: {P: {Type: String}, Q: {Type: String, Default: x}}
Conditions:
  Known: !Equals [!Ref Q, x]
  Not: !Not [!Condition Known]
  Open: !Equals [!Ref P, x]
  Form: !Equals [!Sub "app-${P}", "web-1"]
Resources:
  A: {Type: T, Condition: Known}
  B: {Type: T, Condition: Not}
  C: {Type: T, Condition: Open, DependsOn: [B, A]}
  D: {Type: T, Condition: Form}
  E: {Type: T, DeletionPolicy: Retain, Properties: {p: !If [Open, !Ref C, !Ref A]}}
`)}, needs.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range stacks[0].Resources {
		line := fmt.Sprintf("%s %v %v", r.LogicalID, r.Conditional, r.Retained)
		for _, d := range r.DependsOn {
			line += " " + d.LogicalID
		}
		got = append(got, line)
	}
	if want := []string{"A false false", "C true false A", "E false true C A"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestParametersGiven has parameters with values that are given, of which one must be there.
func TestParametersGiven(t *testing.T) {
	template := read(t, "t.yaml", "Parameters: {P: {Type: CommaDelimitedList}}\nResources: {'Fn::ForEach::L': [N, !Ref P, {'R&{N}': {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub 'q-${N}'}}}]}")
	stacks, err := needs.Evaluate([]*needs.Template{template}, needs.Deployment{Parameters: map[string]string{"P": "a-b, c"}})
	if err != nil {
		t.Fatal(err)
	}
	if a, c := find(t, stacks, "Rab"), find(t, stacks, "Rc"); a.Name != "q-a-b" || c.Name != "q-c" {
		t.Errorf("names %q and %q", a.Name, c.Name)
	}
	if _, err := needs.Evaluate([]*needs.Template{template}, needs.Deployment{Parameters: map[string]string{"P": "a", "Q": "b"}}); err == nil ||
		err.Error() != `t.yaml: Parameters: there is no parameter "Q" to give a value to` {
		t.Error(err)
	}
}

// TestLookups has what CloudFormation fetches for parameters and dynamic references.
func TestLookups(t *testing.T) {
	stacks, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", `
Parameters: {P: {Type: "AWS::SSM::Parameter::Value<List<String>>", Default: /list}}
Resources:
  A:
    Type: T
    Properties:
      a: "{{resolve:ssm:/one:3}} {{resolve:ssm-secure:two}}"
      b: !Join ["", ["{{resolve:secretsmanager:", !Ref S, ":SecretString:password}}"]]
      c: "{{resolve:secretsmanager:three:SecretString:password::}}"
      d: "{{resolve:ssm:/one:3}}"
      e: "{{resolve:open"
  S: {Type: AWS::SecretsManager::Secret, Properties: {Name: s}}
`)}, needs.Deployment{Region: "eu-west-1", Account: "111122223333"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range stacks[0].Lookups {
		of := ""
		if l.For != nil {
			of = l.For.LogicalID
		}
		got = append(got, fmt.Sprintf("%s %s %s", l.Service, l.Name, of))
	}
	if want := []string{"ssm /list ", "ssm /one A", "ssm-secure two A", "secretsmanager arn:aws:secretsmanager:eu-west-1:111122223333:secret:s-* A", "secretsmanager three A", "ssm /one A"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNotes has what macros keep from being known. Language extensions are known.
func TestNotes(t *testing.T) {
	stacks, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", `
Transform: [AWS::Serverless-2016-10-31, AWS::LanguageExtensions, {Name: Own}]
Resources:
  "Fn::Transform": {Name: AWS::Include, Parameters: {Location: s3://x}}
  F: {Type: AWS::Serverless::Function, DependsOn: Made, Properties: {a: !Ref Made, b: !GetAtt FRole.Arn, c: {"Fn::Own": x}}}
`)}, needs.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range stacks[0].Notes {
		got = append(got, fmt.Sprintf("%s:%d %s", n.File, n.Pos.Line, n.Text))
	}
	want := []string{"t.yaml:2 What the macro AWS::Serverless-2016-10-31 makes of the template is not known.", "t.yaml:2 What the macro Own makes of the template is not known.",
		"t.yaml:4 What the macro AWS::Include makes of the template is not known."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if f := find(t, stacks, "F"); f.Type != "AWS::Serverless::Function" || show(f.Properties) != "{a: ~*, b: ~*, c: ?}" {
		t.Errorf("%s with %s", f.Type, show(f.Properties))
	}
}

// TestNames has names that are set, and those that CloudFormation makes up within the limits of the services.
func TestNames(t *testing.T) {
	const long = "AVeryLongLogicalIdThatIsCutShort"
	for _, c := range []struct{ stack, id, resource, name, arn string }{
		{"app", "Fn", "Type: AWS::Lambda::Function", "app-Fn-*", "arn:aws:lambda:eu-west-1:1:function:app-Fn-*"},
		{"app", "Fn", "{Type: AWS::Lambda::Function, Properties: {FunctionName: fn}}", "fn", "arn:aws:lambda:eu-west-1:1:function:fn"},
		{"app", "B", "Type: AWS::S3::Bucket", "app-b-*", "arn:aws:s3:::app-b-*"},
		{"amplify-application-main-branch-1234567890", long, "Type: AWS::IAM::Role", "amplify-application-*-AVeryLongLogicalIdTh*", "arn:aws:iam::1:role/amplify-application-*-AVeryLongLogicalIdTh*"},
		{"amplify-application-main-branch-1234567890", "Short", "Type: AWS::IAM::Role", "amplify-application-main-branch-1234567890-Short-*", ""},
		{"app-*", "Fn", "Type: AWS::Lambda::Function", "app-*-Fn-*", ""},
		{"", "Fn", "Type: AWS::Lambda::Function", "*-Fn-*", ""},
		{"app", "M", "Type: AWS::StepFunctions::StateMachine", "*M*", "arn:aws:states:eu-west-1:1:stateMachine:*M*"},
		{"app", "P", "Type: AWS::SSM::Parameter", "CFN-P*", "arn:aws:ssm:eu-west-1:1:parameter/CFN-P*"},
		{"app", "P", "{Type: AWS::SSM::Parameter, Properties: {Name: /a/b}}", "/a/b", "arn:aws:ssm:eu-west-1:1:parameter/a/b"},
		{"app", "R", "{Type: AWS::Events::Rule, Properties: {Name: r}}", "r", "arn:aws:events:eu-west-1:1:rule/r"},
		{"app", "R", "{Type: AWS::Events::Rule, Properties: {Name: r, EventBusName: bus}}", "r", "arn:aws:events:eu-west-1:1:rule/bus/r"},
		{"app", "V", "{Type: AWS::Lambda::Version, Properties: {FunctionName: 'arn:aws:lambda:eu-west-1:1:function:fn'}}", "", "arn:aws:lambda:eu-west-1:1:function:fn:*"},
		{"app", "D", "{Type: AWS::AppSync::DataSource, Properties: {ApiId: abc, Name: d}}", "d", "arn:aws:appsync:eu-west-1:1:apis/abc/datasources/d"},
		{"app", "U", "{Type: AWS::Cognito::UserPool, Properties: {UserPoolName: u}}", "", "arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_*"},
		{"app", "L", "{Type: AWS::Location::Map, Properties: {MapName: m}}", "m", "arn:aws:geo:eu-west-1:1:map/m"},
		{"app", "X", "Type: Own::Type::Here", "", ""},
	} {
		body := c.resource
		if !strings.HasPrefix(body, "{") {
			body = "{" + body + "}"
		}
		stacks, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", "Resources: {"+c.id+": "+body+"}")}, needs.Deployment{StackName: c.stack, Region: "eu-west-1", Account: "1"})
		if err != nil {
			t.Errorf("%s: %v", c.resource, err)
			continue
		}
		if r := find(t, stacks, c.id); r.Name != c.name || c.arn != "" && r.ARN() != c.arn {
			t.Errorf("%s in %q: name %q, ARN %q", c.resource, c.stack, r.Name, r.ARN())
		}
	}
}

// TestOf has values that are a reference to a resource and nothing else, through parameters and outputs of nested stacks as well.
func TestOf(t *testing.T) {
	root := read(t, "root.yaml", `
Resources:
  Role: {Type: AWS::IAM::Role}
  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://s3/b/child.json, Parameters: {RoleArn: !GetAtt Role.Arn}, Tags: [{Key: a, Value: b}]}}
  Fn: {Type: AWS::Lambda::Function, Properties: {Role: !Sub "${Role.Arn}", Topic: !GetAtt Child.Outputs.Topic, Plain: !Sub "x${Role}", One: !Join ["", [!Ref Role]]}}
`)
	child := read(t, "child.json", `{"Parameters": {"RoleArn": {"Type": "String"}}, "Outputs": {"Topic": {"Value": {"Ref": "Topic"}}},
		"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DeliveryRole": {"Ref": "RoleArn"}, "Tags": [{"Key": "c", "Value": {"Ref": "AWS::StackName"}}]}}}}`)
	stacks, err := needs.Evaluate([]*needs.Template{child, root}, needs.Deployment{StackName: "app", Tags: map[string]string{"all": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(stacks) != 2 || stacks[0].Template != root || stacks[1].Parent != find(t, stacks, "Child") || stacks[1].Name != "app-Child-*" {
		t.Fatalf("%v", stacks)
	}
	role, topic, fn := find(t, stacks, "Role"), find(t, stacks, "Topic"), find(t, stacks, "Fn")
	for _, c := range []struct {
		v         *needs.Value
		of        *needs.Resource
		attribute string
		file      string
	}{
		{fn.Properties.Get("Role"), role, "Arn", "root.yaml"},
		{fn.Properties.Get("Topic"), topic, "", "root.yaml"},
		{fn.Properties.Get("Plain"), nil, "", "root.yaml"},
		{fn.Properties.Get("One"), role, "", "root.yaml"},
		{topic.Properties.Get("DeliveryRole"), role, "Arn", "child.json"},
	} {
		if c.v.Of != c.of || c.v.Attribute != c.attribute || c.v.File != c.file {
			t.Errorf("%s: of %v, attribute %q, file %q", show(c.v), c.v.Of, c.v.Attribute, c.v.File)
		}
	}
	if got := fmt.Sprint(topic.Tags); got != "map[a:b all:x c:app-Child-*]" {
		t.Error(got)
	}
	if !slices.Contains(fn.DependsOn, find(t, stacks, "Child")) {
		t.Error("the function does not wait for the nested stack")
	}
}

// TestNested has the ways in which the template of a nested stack is found.
func TestNested(t *testing.T) {
	const empty = "Resources: {}"
	stack := func(more string) string {
		return "Resources: {S: {Type: AWS::CloudFormation::Stack, " + more + "}}"
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // the file, or the note
	}{
		{"by the URL", map[string]string{"a/root.yaml": stack("Properties: {TemplateURL: https://s3.amazonaws.com/b/x.yaml}"), "b/x.yaml": empty}, "b/x.yaml"},
		{"by the end of a function", map[string]string{"root.yaml": stack(`Properties: {TemplateURL: !Join ["/", ["https:", !Ref AWS::Region, stacks, x.json]]}`), "stacks/x.json": empty, "y/x.json": empty}, "stacks/x.json"},
		{"by Fn::Sub", map[string]string{"root.yaml": stack("Properties: {TemplateURL: !Sub 'https://${AWS::Region}/x.json'}"), "x.json": empty}, "x.json"},
		{"by the folders", map[string]string{"amplify/root.yaml": stack("Properties: {TemplateURL: https://h/t/api/t.json}"), "amplify/api/my/build/t.json": empty, "amplify/storage/my/t.json": empty}, "amplify/api/my/build/t.json"},
		{"the nearest", map[string]string{"api/build/root.yaml": stack("Properties: {TemplateURL: https://h/stacks/C.json}"), "api/stacks/C.json": empty, "api/build/stacks/C.json": empty}, "api/build/stacks/C.json"},
		{"by the asset", map[string]string{"root.yaml": stack("Metadata: {'aws:asset:path': abc.nested.template.json}, Properties: {TemplateURL: x}"), "out/abc.nested.template.json": empty}, "out/abc.nested.template.json"},
		{"by the name of the deployed stack", map[string]string{"app-dev.json": stack("Properties: {TemplateURL: https://h/0a1b.json}"), "app-dev-S-1ABCDEFGHIJK.template.json": empty, "app-dev-T-1ABCDEFGHIJK.template.json": empty}, "app-dev-S-1ABCDEFGHIJK.template.json"},
		{"by parameters", map[string]string{"root.yaml": stack("Properties: {TemplateURL: https://h/0a1b.json, Parameters: {P: x}}"), "x.yaml": "Parameters: {P: {Type: String}}\n" + empty, "y.yaml": "Parameters: {Q: {Type: String}}\n" + empty}, "x.yaml"},
		{"not with other parameters", map[string]string{"root.yaml": stack("Properties: {TemplateURL: https://h/x.yaml}"), "x.yaml": "Parameters: {Q: {Type: String}}\n" + empty}, "not among those given"},
		{"none", map[string]string{"root.yaml": stack("Properties: {TemplateURL: https://h/x.yaml}")}, "The template of the nested stack S is not among those given, so what it needs is not known."},
		{"two", map[string]string{"root.yaml": stack("Properties: {TemplateURL: https://h/x.yaml}"), "a/x.yaml": empty, "b/x.yaml": empty}, "The nested stack S may have the template a/x.yaml or b/x.yaml, so what it needs is not known."},
	} {
		var templates []*needs.Template
		names := []string{}
		for name := range c.files {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			templates = append(templates, read(t, name, c.files[name]))
		}
		stacks, err := needs.Evaluate(templates, needs.Deployment{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := ""
		for _, s := range stacks {
			switch {
			case s.Parent == nil:
			case s.Template != nil:
				got = s.Template.File
			default:
				got = s.Notes[0].Text
			}
		}
		if got != c.want && !(strings.HasPrefix(c.want, "not") && strings.Contains(got, c.want)) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestNestedMistakes has mistakes between templates.
func TestNestedMistakes(t *testing.T) {
	root := read(t, "root.yaml", "Resources:\n  S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: x.yaml}}\nOutputs: {O: {Value: !GetAtt S.Outputs.P}}")
	back := read(t, "x.yaml", "Resources: {S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: root.yaml}}}\nOutputs: {P: {Value: x}}")
	for _, c := range []struct {
		templates []*needs.Template
		stack     string
		want      string
	}{
		{[]*needs.Template{root, back}, "", "circular"},
		{[]*needs.Template{root, read(t, "x.yaml", "Resources: {}\nConditions: {C: !Equals [a, b]}\nOutputs: {P: {Condition: C, Value: x}}")}, "", `root.yaml: line 3, column 22: Outputs.O.Value.Fn::GetAtt: the nested stack "S", of x.yaml, has no output "P"`},
		{[]*needs.Template{read(t, "a.yaml", "Resources: {}"), read(t, "b.yaml", "Resources: {}")}, "app", `b.yaml: line 1, column 1: no template nests this one or a.yaml, so they are stacks of their own, and cannot both have the name "app"`},
	} {
		if _, err := needs.Evaluate(c.templates, needs.Deployment{StackName: c.stack}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestNameOf has several roots, each with the name of its own.
func TestNameOf(t *testing.T) {
	templates := []*needs.Template{
		read(t, "a.yaml", "Resources: {It: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref AWS::StackName}}}"), read(t, "b.yaml", "Resources: {Other: {Type: AWS::SNS::Topic}}")}
	stacks, err := needs.Evaluate(templates, needs.Deployment{NameOf: func(t *needs.Template) string { return "stack-" + t.File[:1] }})
	if err != nil {
		t.Fatal(err)
	}
	if stacks[0].Name != "stack-a" || stacks[1].Name != "stack-b" || find(t, stacks, "It").Name != "stack-a" || find(t, stacks, "Other").Name != "stack-b-Other-*" {
		t.Error(stacks[0].Name, stacks[1].Name, find(t, stacks, "It").Name, find(t, stacks, "Other").Name)
	}
}

// TestAlternatives has the texts of a value that depends on what is not known.
func TestAlternatives(t *testing.T) {
	stacks, err := needs.Evaluate([]*needs.Template{read(t, "t.yaml", around+"!If [Maybe, one, !If [MaybeNot, two, three]]")}, needs.Deployment{})
	if err != nil {
		t.Fatal(err)
	}
	if got := find(t, stacks, "It").Properties.Get("V").Alternatives(); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Error(got)
	}
}
