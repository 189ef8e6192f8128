package managed

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestFindResolvesReferences(t *testing.T) {
	for ref, want := range map[string]string{
		"AdministratorAccess-Amplify":                                            "AdministratorAccess-Amplify@v12",
		"AdministratorAccess-Amplify@v10":                                        "AdministratorAccess-Amplify@v10",
		"arn:aws:iam::aws:policy/AdministratorAccess-Amplify":                    "AdministratorAccess-Amplify@v12",
		"arn:aws:iam::aws:policy/AdministratorAccess-Amplify@v1":                 "AdministratorAccess-Amplify@v1",
		"arn:aws:iam::aws:policy/service-role/AmplifyBackendDeployFullAccess@v1": "AmplifyBackendDeployFullAccess@v1",
	} {
		if v, err := Find(ref); err != nil || v.Ref() != want {
			t.Errorf("Find(%q) = %v, %v, want %s", ref, v, err, want)
		}
	}
}

func TestFindSaysWhatIsWrong(t *testing.T) {
	const (
		form    = "expected a version such as v10 after the @"
		noName  = "no AWS managed policy has this name"
		noARN   = "no AWS managed policy has this ARN"
		otherly = "the ARN of an AWS managed policy begins with arn:aws:iam::aws:policy/"
	)
	for _, c := range []struct {
		ref, reason string
		suggestions []string
	}{
		{"", "empty; expected a name or an ARN, with @ and a version if wanted", nil},
		{"@", "expected a name or an ARN before the @", nil},
		{"@v1", "expected a name or an ARN before the @", nil},
		{"x@", form, nil},
		{"x@10", form, nil},
		{"AdministratorAccess@latest", form, nil},
		{"AdministratorAccess@V1", form, nil},
		{"AdministratorAccess@v", form, nil},
		{"AdministratorAccess@v0", form, nil},
		{"AdministratorAccess@v01", form, nil},
		{"AdministratorAccess@v1 ", form, nil},
		{"AdministratorAccess@v１", form, nil},
		{"AdministratorAccess@v-1", form, nil},

		{"AdministratorAccess-Amplify@v13", "AdministratorAccess-Amplify has versions v1 to v12", nil},
		{"AdministratorAccess@v99999999999999999999", "AdministratorAccess has only version v1", nil},
		{"PowerUserAccess@v9", "PowerUserAccess has versions v1 to v8, v10 and v12", nil},

		{"administratoraccess-amplify@v10", noName, []string{"AdministratorAccess-Amplify"}},
		{"AdminstratorAccess", noName, []string{"AdministratorAccess"}},
		{"AdministratorAccessAmplify", noName, []string{"AdministratorAccess-Amplify", "AdministratorAccess"}},
		{"AmazonS3FullAcess", noName, []string{"AmazonS3FullAccess", "AmazonESFullAccess", "AmazonFSxFullAccess"}},
		{"S3ReadOnly", noName, []string{"AmazonS3ReadOnlyAccess"}},
		{"ReadOnlyAccess@v1@v2", noName, []string{"ReadOnlyAccess"}},
		{"no such policy at all", noName, nil},
		{"x", noName, nil},
		{strings.Repeat("ReadOnlyAccess", 100), noName, nil},
		{"a\nb", noName, nil},

		{"arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole", noARN,
			[]string{"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}},
		{"arn:aws:iam::aws:policy/", noARN, nil},
		{"arn:aws-cn:iam::aws:policy/ReadOnlyAccess", otherly, []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}},
		{"arn:aws:iam::123456789012:policy/Ours", otherly, nil},
	} {
		v, err := Find(c.ref)
		var e *RefError
		if !errors.As(err, &e) {
			t.Errorf("Find(%q) = %v, %v", c.ref, v, err)
			continue
		}
		if e.Ref != c.ref || e.Reason != c.reason || !slices.Equal(e.Suggestions, c.suggestions) {
			t.Errorf("Find(%q): %v\n%q, want\n%q", c.ref, err, e.Suggestions, c.suggestions)
		}
	}
}

func TestErrorIsOneLine(t *testing.T) {
	for want, e := range map[string]RefError{
		`managed policy "a\nb": gone`:                       {"a\nb", "gone", nil},
		`managed policy "x": gone; did you mean A?`:         {"x", "gone", []string{"A"}},
		`managed policy "x": gone; did you mean A or B?`:    {"x", "gone", []string{"A", "B"}},
		`managed policy "x": gone; did you mean A, B or C?`: {"x", "gone", []string{"A", "B", "C"}},
	} {
		if e.Error() != want {
			t.Errorf("%s, want %s", e.Error(), want)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, ref := range []string{
		"AdministratorAccess-Amplify@v10", "arn:aws:iam::aws:policy/job-function/Billing", "readonlyaccess",
		"@v1", "x@", "x@10", "", "@@", "a/b@v1", "arn:", "\xff\x00", "ReadOnlyAcces\n",
	} {
		f.Add(ref)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		v, err := Find(ref)
		if err == nil {
			if again, err := Find(v.Ref()); again != v {
				t.Errorf("Find(%q) = %s, which is %v, %v", ref, v.Ref(), again, err)
			}
			return
		}
		var e *RefError
		if !errors.As(err, &e) || e.Ref != ref || e.Reason == "" || v != nil {
			t.Errorf("Find(%q) = %v, %v", ref, v, err)
		}
		if strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("Find(%q): more than a line: %v", ref, err)
		}
		if len(e.Suggestions) > 3 {
			t.Errorf("Find(%q): %d suggestions", ref, len(e.Suggestions))
		}
		for _, s := range e.Suggestions {
			if _, ok := Lookup(s); !ok {
				t.Errorf("Find(%q) suggests %s, which is not there", ref, s)
			}
		}
	})
}
