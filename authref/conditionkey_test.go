package authref

import (
	"slices"
	"strings"
	"testing"
)

func TestConditionKeysAreFoundAsPoliciesNameThem(t *testing.T) {
	for _, test := range []struct {
		service, key, want string
	}{
		{"s3", "s3:prefix", "s3:prefix String"},
		{"s3", "S3:PREFIX", "s3:prefix String"},
		{"s3", "aws:TagKeys", "aws:TagKeys ArrayOfString"},
		{"s3", "aws:RequestTag/team", "aws:RequestTag/${TagKey} String"},
		{"s3", "AWS:requesttag/team/blue", "aws:RequestTag/${TagKey} String"},
		{"s3", "aws:RequestTag/${TagKey}", "aws:RequestTag/${TagKey} String"},
		{"s3", "aws:RequestTag/", ""},
		{"s3", "aws:RequestTag", ""},
		{"s3", "s3:ExistingObjectTag/team", "s3:ExistingObjectTag/<key> String"},
		{"s3", "s3:ExistingObjectTag/<key>", "s3:ExistingObjectTag/<key> String"},
		{"s3", "aws:SourceIp", ""}, // no service lists it
		{"s3", "", ""},
		{"kms", "kms:EncryptionContext:AppName", "kms:EncryptionContext:${EncryptionContextKey} String"},
		{"events", "events:Metadata/a", "events:Metadata/${MetadataKey} ArrayOfString"},
		{"events", "events:Metadata/a/Matcher", "events:Metadata/${MetadataKey}/Matcher String"},
		{"sts", "token.actions.githubusercontent.com/octo:ref", "token.actions.githubusercontent.com/${SubPath}:ref String"},
		{"iam", "iam:PassedToService", "iam:PassedToService String"},
	} {
		s, _ := Lookup(test.service)
		got := ""
		if k, ok := s.ConditionKey(test.key); ok {
			got = k.Key + " " + k.Type.String()
		}
		if got != test.want {
			t.Errorf("%s of %s is %q, want %q", test.key, test.service, got, test.want)
		}
	}
}

func TestMultivaluedKeys(t *testing.T) {
	for key, want := range map[string]bool{
		"aws:CalledVia":                         true,
		"AWS:calledvia":                         true,
		"aws:CalledViaFirst":                    false,
		"aws:TagKeys":                           true,
		"aws:PrincipalOrgPaths":                 true,
		"aws:ResourceOrgPaths":                  true,
		"aws:SourceOrgPaths":                    true,
		"aws:VpceOrgPaths":                      true,
		"aws:PrincipalServiceNamesList":         true,
		"aws:PrincipalServiceName":              false,
		"aws:RequestTag/team":                   false,
		"aws:PrincipalTag/team":                 false,
		"aws:SourceIp":                          false,
		"iam:PassedToService":                   false,
		"sts:TransitiveTagKeys":                 true,
		"STS:TRANSITIVETAGKEYS":                 true,
		"dynamodb:LeadingKeys":                  true,
		"events:Metadata/a":                     true,
		"EVENTS:metadata/A":                     true,
		"events:Metadata/${MetadataKey}":        true,
		"events:Metadata/a/Matcher":             false,
		"events:Metadata/":                      false,
		"vpc-lattice-svcs:RequestQueryString/a": true,
		"vpc-lattice-svcs:RequestHeader/a":      false,
		"identitystore:UserId":                  false, // q and qbusiness list it as an array, its own service does not
		"aws:":                                  false,
		"aws":                                   false,
		"":                                      false,
		"nosuch:Key":                            false,
	} {
		if got := Multivalued(key); got != want {
			t.Errorf("Multivalued(%q) = %v", key, got)
		}
	}
}

func TestMultivaluedAgreesWithEveryServicesOwnKeys(t *testing.T) {
	for s := range everyService() {
		for _, k := range s.ConditionKeys {
			if owner, _, _ := strings.Cut(k.Key, ":"); owner != s.Prefix && owner != "aws" {
				continue
			}
			if Multivalued(k.Key) != k.Type.Multivalued() {
				t.Errorf("Multivalued(%q) = %v, and %s has %s", k.Key, Multivalued(k.Key), s.Prefix, k.Type)
			}
		}
	}
}

func TestServicesAgreeOnWhichKeysAreMultivalued(t *testing.T) {
	listed := make(map[string]map[bool][]string)
	for s := range everyService() {
		for _, k := range s.ConditionKeys {
			if listed[k.Key] == nil {
				listed[k.Key] = make(map[bool][]string)
			}
			listed[k.Key][k.Type.Multivalued()] = append(listed[k.Key][k.Type.Multivalued()], s.Prefix)
		}
	}
	disagreed := []string{"identitystore:UserId"}
	for key, services := range listed {
		if len(services) > 1 && !slices.Contains(disagreed, key) {
			t.Errorf("%s: multivalued for %q, not for %q", key, services[true], services[false])
		}
	}
}

func TestGlobalKeysAreSortedAndTypedAsServicesListThem(t *testing.T) {
	keys := GlobalConditionKeys()
	for i, k := range keys {
		if i > 0 && compareFold(keys[i-1].Key, k.Key) >= 0 {
			t.Errorf("%s stands before %s", keys[i-1].Key, k.Key)
		}
		if k.Type.String() == "" || Multivalued(k.Key) != k.Type.Multivalued() {
			t.Errorf("%s is %s, and Multivalued says %v", k.Key, k.Type, Multivalued(k.Key))
		}
		prefix, _, _ := strings.Cut(k.Key, ":")
		if prefix == "aws" {
			prefix = "s3"
		}
		s, ok := Lookup(prefix)
		if !ok {
			t.Errorf("%s has no service", k.Key)
		} else if listed, ok := s.ConditionKey(k.Key); ok && listed.Type != k.Type {
			t.Errorf("%s is %s, and %s lists %s", k.Key, k.Type, s.Prefix, listed.Type)
		}
	}
}

func TestGlobalKeysAreFoundAsPoliciesNameThem(t *testing.T) {
	for key, want := range map[string]string{
		"aws:SourceIp":          "aws:SourceIp IPAddress",
		"AWS:sourceip":          "aws:SourceIp IPAddress",
		"aws:PrincipalTag/team": "aws:PrincipalTag/${TagKey} String",
		"aws:SourceVpcArn":      "aws:SourceVpcArn ARN",
		"ec2:SourceInstanceARN": "ec2:SourceInstanceArn ARN",
		"aws:NoSuchKey":         "",
		"":                      "",
	} {
		got := ""
		if k, ok := GlobalConditionKey(key); ok {
			got = k.Key + " " + k.Type.String()
		}
		if got != want {
			t.Errorf("GlobalConditionKey(%q) is %q, want %q", key, got, want)
		}
	}
}

func TestConditionTypesAreSpelledAsAWSSpellsThem(t *testing.T) {
	for typ, want := range map[ConditionType]string{
		0: "", String: "String", ARN: "ARN", Bool: "Bool", Date: "Date", Numeric: "Numeric", IPAddress: "IPAddress", Binary: "Binary",
		ArrayOf: "", ArrayOf | String: "ArrayOfString", ArrayOf | ARN: "ArrayOfARN", 255: "",
	} {
		if typ.String() != want {
			t.Errorf("ConditionType(%d) is %q, want %q", typ, typ, want)
		}
	}
	if typ := ArrayOf | ARN; !typ.Multivalued() || typ.Single() != ARN || ARN.Multivalued() {
		t.Error("ArrayOf|ARN is not an array of ARNs")
	}
}

func TestResourceControlPoliciesApplyToSomeServices(t *testing.T) {
	for prefix, want := range map[string]bool{
		"s3": true, "sts": true, "kms": true, "sqs": true, "secretsmanager": true, "dynamodb": true, "aoss": true, "xray": true,
		"iam": false, "ec2": false, "organizations": false, "S3": false, "": false, "s": false, "zzz": false,
	} {
		if SupportsRCP(prefix) != want {
			t.Errorf("SupportsRCP(%q) = %v", prefix, !want)
		}
	}
	for _, prefix := range rcpServices {
		if _, ok := Lookup(prefix); !ok || !SupportsRCP(prefix) {
			t.Errorf("%s has resource control policies, and is no service", prefix)
		}
	}
}

func TestStaticTablesAreSorted(t *testing.T) {
	if !slices.IsSorted(rcpServices[:]) || !slices.IsSorted(multivaluedKeys[:]) {
		t.Error("a binary search needs order")
	}
}

func TestStaticTablesDoNotAllocate(t *testing.T) {
	for _, key := range []string{"aws:CalledVia", "AWS:CALLEDVIA", "s3:prefix", "EVENTS:Metadata/a/Matcher", "dynamodb:LeadingKeys", "aws:SourceIp", ""} {
		if n := testing.AllocsPerRun(100, func() { Multivalued(key) }); n != 0 {
			t.Errorf("Multivalued(%q) allocates %v times", key, n)
		}
	}
	for _, prefix := range []string{"s3", "iam", ""} {
		if n := testing.AllocsPerRun(100, func() { SupportsRCP(prefix) }); n != 0 {
			t.Errorf("SupportsRCP(%q) allocates %v times", prefix, n)
		}
	}
}

func FuzzConditionKey(f *testing.F) {
	for _, seed := range []string{"s3:prefix", "aws:RequestTag/team", "aws:RequestTag/", "events:Metadata//Matcher", "events:Metadata/a/Matcher", "${", "<", "aws:", "\u212Ams:ViaService"} {
		f.Add("events", seed)
		f.Add("sts", seed)
		f.Add("S3", seed)
	}
	f.Fuzz(func(t *testing.T, prefix, key string) {
		if Multivalued(key) != Multivalued(toLower(key)) {
			t.Errorf("Multivalued(%q) depends on the case", key)
		}
		SupportsRCP(prefix)
		GlobalConditionKey(key)
		s, ok := Lookup(prefix)
		if !ok {
			return
		}
		k, ok := s.ConditionKey(key)
		again, okAgain := s.ConditionKey(toLower(key))
		if ok != okAgain || k != again {
			t.Errorf("%s of %s depends on the case: %v, %v", key, s.Prefix, k, again)
		}
		s.Action(key)
		s.ResourceType(key)
		LookupAction(key)
	})
}

func BenchmarkMultivalued(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Multivalued("aws:ResourceTag/team")
	}
}

func BenchmarkSupportsRCP(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		SupportsRCP("dynamodb")
	}
}
