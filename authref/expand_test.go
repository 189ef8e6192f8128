package authref

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestExpandMatchesAsIAMDoes(t *testing.T) {
	for _, test := range []struct {
		pattern string
		want    string
	}{
		{"s3:GetObject", "s3:GetObject"},
		{"S3:getobject", "s3:GetObject"},
		{"s3:GetObjectA*", "s3:GetObjectAcl s3:GetObjectAnnotation s3:GetObjectAttributes"},
		{"s3:getobjecta??", "s3:GetObjectAcl"},
		{"iam:*ROLE", "iam:CreateRole iam:CreateServiceLinkedRole iam:DeleteRole iam:DeleteServiceLinkedRole iam:GetRole iam:ListInstanceProfilesForRole iam:PassRole iam:TagRole iam:UntagRole iam:UpdateRole"},
		{"iam:?etRole", "iam:GetRole"},
		{"iam:GetRole?", ""},
		{"iam:**tRole", "iam:GetRole"},
		{"s3:NoSuchAction", ""},
		{"s3:GetObject ", ""},
		{"nosuchservice:*", ""},
		{"iam:GetR\\ole", ""},
		{"kms:\u212Aey*", ""},
	} {
		names, err := Expand(test.pattern)
		if got := strings.Join(names, " "); err != nil || got != test.want {
			t.Errorf("Expand(%q) = %q, %v, want %q", test.pattern, got, err, test.want)
		}
	}
}

func TestExpandOfAStarIsEveryAction(t *testing.T) {
	all, err := Expand("*")
	if err != nil || len(all) != 22091 || !slices.IsSorted(all) {
		t.Errorf("%d actions, sorted %v, %v", len(all), slices.IsSorted(all), err)
	}
	again, _ := Expand("*:*")
	if !slices.Equal(all, again) {
		t.Error("*:* is not *")
	}
	var byService []string
	for s := range everyService() {
		names, err := Expand(s.Prefix + ":*")
		if err != nil || len(names) != len(s.Actions) || !slices.IsSorted(names) {
			t.Errorf("%s: %d actions of %d, %v", s.Prefix, len(names), len(s.Actions), err)
		}
		byService = append(byService, names...)
	}
	slices.Sort(byService)
	if !slices.Equal(all, byService) {
		t.Error("the services' actions are not all actions")
	}
	all[0] = "changed"
	if again, _ := Expand("*"); again[0] == "changed" {
		t.Error("a caller can change what the next one gets")
	}
}

func TestExpandRefusesWhatIAMRefuses(t *testing.T) {
	for _, test := range []struct {
		pattern string
		reason  PatternReason
		message string
	}{
		{"", NoVendor, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"GetObject", NoVendor, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"**", NoVendor, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{"s*:Get*", BadVendor, "Vendor s* is not valid"},
		{"s?:GetObject", BadVendor, "Vendor s? is not valid"},
		{"*:GetObject", BadVendor, "Vendor * is not valid"},
		{":GetObject", BadVendor, "Vendor  is not valid"},
		{"s 3:GetObject", BadVendor, "Vendor s 3 is not valid"},
		{"\u212Ams:Decrypt", BadVendor, "Vendor \u212Ams is not valid"},
		{"s3:", NoName, "Action s3: has no name"},
		{"s3:Get:Object", ManyColons, "Actions/Condition can contain only one colon."},
	} {
		names, err := Expand(test.pattern)
		var refused *PatternError
		if !errors.As(err, &refused) || refused.Reason != test.reason || refused.Pattern != test.pattern || err.Error() != test.message || names != nil {
			t.Errorf("Expand(%q) = %q, %v", test.pattern, names, err)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"*", "*:*", "s3:Get*", "S3:?et*Object*", "iam:****a*b", "s3", ":", "s*:Get*", "s3:\xff", "kms:\u212A*", "a:b:c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		names, err := Expand(pattern)
		if !slices.IsSorted(names) {
			t.Errorf("Expand(%q) is not sorted", pattern)
		}
		prefix, name, _ := strings.Cut(pattern, ":")
		s, ok := Lookup(prefix)
		if err != nil || !ok {
			return
		}
		if len(name) > 40 {
			return // the oracle takes exponential time
		}
		var want []string
		for _, a := range s.Actions {
			if naiveMatch(toLower(name), toLower(a.Name)) {
				want = append(want, a.String())
			}
		}
		slices.Sort(want)
		if !slices.Equal(names, want) {
			t.Errorf("Expand(%q) = %q, want %q", pattern, names, want)
		}
	})
}

// naiveMatch is the definition of * and ?.
func naiveMatch(pattern, s string) bool {
	switch {
	case pattern == "":
		return s == ""
	case pattern[0] == '*':
		return naiveMatch(pattern[1:], s) || s != "" && naiveMatch(pattern, s[1:])
	case s == "" || pattern[0] != '?' && pattern[0] != s[0]:
		return false
	}
	return naiveMatch(pattern[1:], s[1:])
}

func BenchmarkExpandOneService(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Expand("s3:Get*")
	}
}

func BenchmarkExpandEverything(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Expand("*")
	}
}
