package cfnschemas

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/writ-iam/writ/analysis/needs"
)

const topic = `{"typeName": "AWS::SNS::Topic", "properties": {"TopicName": {"type": "string"}}, "handlers": {
	"create": {"permissions": ["sns:CreateTopic", "sns:Get*"], "timeoutInMinutes": 5},
	"read": {"permissions": ["sns:GetTopicAttributes"]},
	"delete": {"permissions": []},
	"list": {"permissions": ["sns:ListTopics"]}}}`

func archive(t *testing.T, files map[string]string) *bytes.Reader {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range files {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(out.Bytes())
}

func TestReadZip(t *testing.T) {
	z := archive(t, map[string]string{
		"aws-sns-topic.json": topic, "sub/aws-x-y.json": `{"typeName": "AWS::X::Y"}`, "README.md": "not one", "other.json": `{"a": 1}`,
	})
	got, err := ReadZip(z, z.Size())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]needs.Handlers{
		"AWS::X::Y": {},
		"AWS::SNS::Topic": {
			needs.Create: {"sns:CreateTopic", "sns:Get*"}, needs.Read: {"sns:GetTopicAttributes"}, needs.Delete: {},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReadFile(t *testing.T) {
	z := archive(t, map[string]string{"aws-sns-topic.json": topic})
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "CloudformationSchema.zip")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if types, err := ReadFile(name); err != nil || len(types) != 1 {
		t.Errorf("%v, %v", types, err)
	}
	if err := os.WriteFile(name, data[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(name); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
		t.Errorf("a file that is cut off: %v", err)
	}
	if _, err := ReadFile(name + ".none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	z := archive(t, map[string]string{"bad.json": `{"typeName": `})
	var of *Error
	if _, err := ReadZip(z, z.Size()); !errors.As(err, &of) || of.Document != "bad.json" {
		t.Errorf("a document that is no JSON: %v", err)
	}
	z = archive(t, map[string]string{"README.md": ""})
	if _, err := ReadZip(z, z.Size()); !errors.Is(err, ErrNone) {
		t.Errorf("an archive without schemas: %v", err)
	}
	text := strings.NewReader("no archive")
	if _, err := ReadZip(text, text.Size()); err == nil || !strings.Contains(err.Error(), "not a zip archive") {
		t.Errorf("what is no archive: %v", err)
	}
	large := fstest.MapFS{"large.json": {Data: make([]byte, maxDocument+1)}}
	if _, err := Read(large); err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") {
		t.Errorf("a large document: %v", err)
	}
}

// The types that Writ has no table of are in a deployment's calls as an upper bound.
func TestCallsOfASchema(t *testing.T) {
	z := archive(t, map[string]string{"y.json": strings.ReplaceAll(topic, "AWS::SNS::Topic", "AWS::New::Topic")})
	types, err := ReadZip(z, z.Size())
	if err != nil {
		t.Fatal(err)
	}
	stack := &needs.Stack{Name: "s"}
	r := &needs.Resource{Type: "AWS::New::Topic", LogicalID: "T", Stack: stack}
	stack.Resources = []*needs.Resource{r}
	calls, unknown := needs.Calls([]*needs.Stack{stack}, needs.CallOptions{Schemas: types})
	if len(unknown) != 0 {
		t.Errorf("unknown: %v", unknown)
	}
	var of []string
	for _, c := range calls {
		if c.For == r {
			of = append(of, c.Action)
			if !c.Upper || c.Resource != "*" || c.Through != needs.CloudFormation {
				t.Errorf("%+v is no upper bound on all resources", c)
			}
		}
	}
	want := "sns:CreateTopic sns:GetDataProtectionPolicy sns:GetEndpointAttributes sns:GetPlatformApplicationAttributes sns:GetSMSAttributes " +
		"sns:GetSMSSandboxAccountStatus sns:GetSubscriptionAttributes sns:GetTopicAttributes sns:GetTopicAttributes"
	if got := strings.Join(of, " "); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	z = archive(t, map[string]string{"y.json": `{"typeName": "AWS::New::Topic", "properties": {}}`})
	if types, err = ReadZip(z, z.Size()); err != nil {
		t.Fatal(err)
	}
	if _, unknown = needs.Calls([]*needs.Stack{stack}, needs.CallOptions{Schemas: types}); len(unknown) != 1 || unknown[0].Resource != r {
		t.Errorf("with a schema that has no handlers the resource is not said to be unknown: %v", unknown)
	}
	if _, unknown = needs.Calls([]*needs.Stack{stack}, needs.CallOptions{}); len(unknown) != 1 || unknown[0].Resource != r {
		t.Errorf("without its schema the resource is not said to be unknown: %v", unknown)
	}
}
