package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

var at = time.Date(2026, 11, 24, 3, 0, 0, 123456789, time.FixedZone("", 3600))

func record() *Record {
	return &Record{
		UserIdentity: UserIdentity{
			Type: AssumedRole, PrincipalID: "AROAJQABLZS4A3QDU576Q:deploy", ARN: "arn:aws:sts::123456789012:assumed-role/ci/deploy", AccountID: "123456789012",
			AccessKeyID: "ASIAQNZGKIQY56JQ7WML", InvokedBy: "cloudformation.amazonaws.com",
			SessionContext: &SessionContext{
				SessionIssuer: &SessionIssuer{
					Type: "Role", PrincipalID: "AROAJQABLZS4A3QDU576Q", ARN: "arn:aws:iam::123456789012:role/ci", AccountID: "123456789012", UserName: "ci",
				},
				Attributes: &SessionAttributes{CreationDate: Time{at}}, SourceIdentity: "alice",
			},
		},
		EventTime: Time{at}, EventSource: "iam.amazonaws.com", EventName: "CreateUser", AWSRegion: "us-east-1", SourceIPAddress: "192.0.2.1",
		UserAgent: "aws-cli/2 <md&>", ErrorCode: "AccessDenied", ErrorMessage: "no", RequestParameters: map[string]any{"userName": "bob"},
		RequestID: "r", EventID: "e", Resources: []Resource{{"123456789012", "AWS::IAM::User", "arn:aws:iam::123456789012:user/bob"}},
		ManagementEvent: true, RecipientAccountID: "123456789012", TLSDetails: &TLSDetails{TLSVersion: "TLSv1.3", CipherSuite: "TLS_AES_128_GCM_SHA256"},
	}
}

func TestRecord(t *testing.T) {
	var b bytes.Buffer
	l := New(&b)
	if err := l.Write(record()); err != nil {
		t.Fatal(err)
	}
	const want = `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAJQABLZS4A3QDU576Q:deploy",` +
		`"arn":"arn:aws:sts::123456789012:assumed-role/ci/deploy","accountId":"123456789012","accessKeyId":"ASIAQNZGKIQY56JQ7WML",` +
		`"invokedBy":"cloudformation.amazonaws.com","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAJQABLZS4A3QDU576Q",` +
		`"arn":"arn:aws:iam::123456789012:role/ci","accountId":"123456789012","userName":"ci"},"attributes":{"creationDate":"2026-11-24T02:00:00Z",` +
		`"mfaAuthenticated":"false"},"sourceIdentity":"alice"}},"eventTime":"2026-11-24T02:00:00Z","eventSource":"iam.amazonaws.com",` +
		`"eventName":"CreateUser","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2 <md&>","errorCode":"AccessDenied",` +
		`"errorMessage":"no","requestParameters":{"userName":"bob"},"responseElements":null,"requestID":"r","eventID":"e","readOnly":false,` +
		`"resources":[{"accountId":"123456789012","type":"AWS::IAM::User","ARN":"arn:aws:iam::123456789012:user/bob"}],"eventType":"AwsApiCall",` +
		`"managementEvent":true,"recipientAccountId":"123456789012","eventCategory":"Management",` +
		`"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256"}}` + "\n"
	if b.String() != want {
		t.Errorf("%s\nwant\n%s", b.String(), want)
	}
}

// TestHostile puts into every text what could break a line, or what is too long.
func TestHostile(t *testing.T) {
	for _, text := range []string{"a\nb\r\n\x00\x1b[31m\u2028\u0085\xff\"}", strings.Repeat("ä\n", 1<<17)} {
		r := record()
		r.TLSDetails.ClientProvidedHostHeader = text
		texts(reflect.ValueOf(r).Elem(), text)
		r.RequestParameters = map[string]any{"k" + text: text}
		r.Resources = slices.Repeat(r.Resources[:1], 200)
		before := fmt.Sprintf("%v", *r)
		var b bytes.Buffer
		if err := New(&b).Write(r); err != nil {
			t.Fatal(err)
		}
		line, rest, _ := strings.Cut(b.String(), "\n")
		if rest != "" || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) || !json.Valid([]byte(line)) {
			t.Errorf("not a line: %.200q", line)
		}
		if len(line) > 2*maxRecord {
			t.Errorf("a line of %d bytes", len(line))
		}
		if !strings.Contains(line, `"omitted":[`) {
			t.Error("what is left out is not named")
		}
		if fmt.Sprintf("%v", *r) != before {
			t.Error("the caller's record was changed")
		}
	}
}

// texts sets every string of a struct but those in maps.
func texts(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Pointer:
		if !v.IsNil() {
			texts(v.Elem(), s)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[Time]() {
			return
		}
		for i := range v.NumField() {
			texts(v.Field(i), s)
		}
	}
}

type failing struct {
	bytes.Buffer
	room int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.room <= 0 {
		return 0, errors.New("no space")
	}
	n := min(f.room, len(p))
	f.room -= n
	f.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space")
	}
	return n, nil
}

func TestWriteFails(t *testing.T) {
	f := &failing{room: 100}
	l := New(f)
	for range 3 {
		if err := l.Write(record()); err == nil {
			t.Error("a record is lost and nobody knows")
		}
	}
	f.room = math.MaxInt
	if err := l.Write(record()); err != nil {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSpace(f.String()), "\n")
	if len(lines) != 2 || json.Valid([]byte(lines[0])) || !json.Valid([]byte(lines[1])) {
		t.Errorf("%q", lines)
	}
	bad := record()
	bad.RequestParameters = map[string]any{"f": func() {}}
	if err := l.Write(bad); err == nil {
		t.Error("what is no JSON was written")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Write(record()); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
	if err := Discard().Write(record()); err != nil {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	const limit = 5000
	l, err := OpenSize(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 8, 25
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				r := record()
				r.RequestID = fmt.Sprint(w, "-", i)
				if err := l.Write(r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path+".note", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	files, _ := filepath.Glob(path + "*")
	if len(files) < 10 {
		t.Errorf("only %d files", len(files))
	}
	for _, name := range files {
		info, _ := os.Stat(name)
		if info.Mode().Perm() != 0o600 || info.Size() > limit {
			t.Error(name, info.Mode(), info.Size())
		}
		src, _ := os.ReadFile(name)
		for line := range bytes.Lines(src) {
			var r struct{ RequestID string }
			if err := json.Unmarshal(line, &r); err != nil || seen[r.RequestID] {
				t.Errorf("%s: %v %q", name, err, line)
			}
			seen[r.RequestID] = true
		}
	}
	if len(seen) != writers*each {
		t.Errorf("%d records of %d", len(seen), writers*each)
	}

	// After a crash in the middle of a line, and with what was put aside before.
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"torn":`)
	f.Close()
	again, err := OpenSize(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := again.Write(record()); err != nil {
			t.Error(err)
		}
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	after, _ := filepath.Glob(path + "*")
	if len(after) <= len(files) {
		t.Error("nothing was put aside")
	}
	torn := 0
	for _, name := range after {
		src, _ := os.ReadFile(name)
		for line := range bytes.Lines(src) {
			if !json.Valid(line) {
				torn++
			}
		}
	}
	if torn != 1 {
		t.Errorf("%d lines are damaged, not the one that was", torn)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "no", "folder")); err == nil {
		t.Error("a log without a folder")
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder as a log")
	}
}

// TestRotationFails takes the folder away: the records go on into the file that is open.
func TestRotationFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	os.Mkdir(dir, 0o700)
	l, err := OpenSize(filepath.Join(dir, "audit.jsonl"), 2000)
	if err != nil {
		t.Fatal(err)
	}
	moved := dir + "2"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := l.Write(record()); err != nil {
			t.Error(err)
		}
	}
	l.Close()
	src, _ := os.ReadFile(filepath.Join(moved, "audit.jsonl"))
	if n := bytes.Count(src, []byte("\n")); n != 10 {
		t.Errorf("%d records", n)
	}
}

func TestParameters(t *testing.T) {
	got, err := json.Marshal(Parameters(&iam.CreateLoginProfileInput{UserName: aws.String("bob"), Password: aws.String("p4ss"), PasswordResetRequired: true}))
	if err != nil || string(got) != `{"password":"HIDDEN_DUE_TO_SECURITY_REASONS","passwordResetRequired":true,"userName":"bob"}` {
		t.Error(string(got), err)
	}
	got, err = json.Marshal(Parameters(&iam.CreateAccessKeyOutput{AccessKey: &types.AccessKey{
		AccessKeyId: aws.String("AKIA"), SecretAccessKey: aws.String("s3cret"), CreateDate: &at, Status: types.StatusTypeActive,
	}}))
	if err != nil || string(got) != `{"accessKey":{"accessKeyId":"AKIA","createDate":"2026-11-24T02:00:00Z",`+
		`"secretAccessKey":"HIDDEN_DUE_TO_SECURITY_REASONS","status":"Active"}}` {
		t.Error(string(got), err)
	}
	got, err = json.Marshal(Parameters(&sts.AssumeRoleInput{
		RoleArn: aws.String("arn"), DurationSeconds: aws.Int32(900), TokenCode: aws.String("123456"), TransitiveTagKeys: []string{},
	}))
	if err != nil || string(got) != `{"durationSeconds":900,"roleArn":"arn","tokenCode":"HIDDEN_DUE_TO_SECURITY_REASONS","transitiveTagKeys":[]}` {
		t.Error(string(got), err)
	}
	for _, empty := range []any{nil, (*iam.GetUserInput)(nil), &iam.GetUserInput{}, 7, "text", []int{1}, make(chan int)} {
		if p := Parameters(empty); p != nil {
			t.Errorf("%T: %v", empty, p)
		}
	}
	type node struct{ Next *node }
	loop := &node{}
	loop.Next = loop
	if _, err := json.Marshal(Parameters(loop)); err != nil {
		t.Error(err)
	}
	odd := struct {
		F float64
		M map[int]string
		C chan int
	}{math.NaN(), map[int]string{1: "x"}, make(chan int)}
	if _, err := json.Marshal(Parameters(odd)); err != nil {
		t.Error(err)
	}
}

// suspicious are names that smell of a secret.
var suspicious = regexp.MustCompile(`(?i)pass|secret|token|code|private|seed|assert|qr|credential|decoded|encoded|pem|otp|signature|auth`)

// harmless are members that do so and hold none.
var harmless = regexp.MustCompile(`^(` + strings.Join([]string{
	"AllowUsersToChangePassword", "ExpirePasswords", "MaxPasswordAge", "MinimumPasswordLength", "PasswordLastUsed", "PasswordReusePrevention",
	"PasswordResetRequired", "PasswordPolicy", // rules about passwords, and times
	"AssertionEncryptionMode", "GlobalEndpointTokenVersion", "MinimumSessionTokenSize", "SessionTokenSize", "SessionTokenUtilization", "StopOnDuplicateToken",
	"AddPrivateKeyId", "RemovePrivateKey", "PrivateKeyList", // key ids
	"Code", "ErrorCode", // of errors
	"CredentialAgeDays", "CredentialId", "Credentials", "ServiceCredentialAlias", "ServiceSpecificCredential", "ServiceSpecificCredentialId",
	"ServiceSpecificCredentials", // structs that are looked into, and ids
	"LastAuthenticated.*", "TotalAuthenticatedEntities", "SubjectFromWebIdentityToken", "NextToken",
}, "|") + `)$`)

// ours are the secret members of Writ's own API, whose types are above this package.
var ours = []string{"CallerRequest", "SigningSecret"}

// TestNoSecrets walks all inputs and outputs of the SDK's clients. A member that sounds like a secret is hidden, or
// known to be none.
func TestNoSecrets(t *testing.T) {
	members, met := 0, map[string]bool{}
	for _, client := range []any{(*iam.Client)(nil), (*sts.Client)(nil), (*organizations.Client)(nil)} {
		for method := range reflect.TypeOf(client).Methods() {
			f := method.Type
			if f.NumIn() < 3 || !strings.HasSuffix(f.In(2).String(), "Input") {
				continue
			}
			for _, typ := range []reflect.Type{f.In(2).Elem(), f.Out(0).Elem()} {
				walk(typ, typ.String(), map[reflect.Type]bool{}, func(path string, f reflect.StructField) {
					members++
					met[f.Name] = true
					if suspicious.MatchString(f.Name) && !secret[f.Name] && !harmless.MatchString(f.Name) {
						t.Errorf("%s.%s sounds like a secret: put it into the table, or into the list of those that are none", path, f.Name)
					}
				})
				// And no text that is under a secret member comes out.
				v := reflect.New(typ)
				fill(v.Elem(), "", 0)
				out, err := json.Marshal(Parameters(v.Interface()))
				if err != nil {
					t.Fatal(typ, err)
				}
				if bytes.Contains(out, []byte("s3cret")) || bytes.Contains(out, []byte("czNjcmV0")) {
					t.Errorf("%s: a secret is in %s", typ, out)
				}
			}
		}
	}
	if members < 1000 {
		t.Errorf("only %d members were looked at", members)
	}
	for name := range secret {
		if !met[name] && !slices.Contains(ours, name) {
			t.Errorf("no type of the SDK has %s, which the table names", name)
		}
	}
}

func walk(typ reflect.Type, path string, seen map[reflect.Type]bool, visit func(string, reflect.StructField)) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		walk(typ.Elem(), path, seen, visit)
	case reflect.Struct:
		if seen[typ] || typ == timeType || strings.HasSuffix(typ.String(), "middleware.Metadata") {
			return
		}
		seen[typ] = true
		for i := range typ.NumField() {
			if f := typ.Field(i); f.IsExported() {
				visit(path, f)
				walk(f.Type, path+"."+f.Name, seen, visit)
			}
		}
	}
}

// fill sets every member of a struct; those that are secret to "s3cret".
func fill(v reflect.Value, name string, depth int) {
	text := "text"
	if secret[name] {
		text = "s3cret"
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if depth < 8 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), name, depth+1)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(text))
			return
		}
		if depth < 8 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			fill(v.Index(0), name, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && v.Type() != timeType {
				fill(v.Field(i), f.Name, depth+1)
			}
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	l, err := Open(filepath.Join(b.TempDir(), "audit.jsonl"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		r := record()
		r.RequestParameters = Parameters(&iam.CreateLoginProfileInput{UserName: aws.String("bob"), Password: aws.String("p4ss")})
		if err := l.Write(r); err != nil {
			b.Fatal(err)
		}
	}
}
