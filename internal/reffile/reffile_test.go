package reffile

import (
	"bytes"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func example() ([]string, []*Service) {
	return []string{"empty", "s3"}, []*Service{
		{Name: "Amazon Empty"},
		{
			Name:           "Amazon S3",
			Keys:           []Key{{"aws:TagKeys", 1 | ArrayOf}, {":prefix", 1}},
			KeyLists:       [][]int{nil, {0, 1}, {1}},
			Dependents:     []string{"iam:PassRole", ":GetObject"},
			DependentLists: [][]int{nil, {0, 1}},
			ResourceTypes:  []ResourceType{{"object", "arn:${Partition}:s3:::${BucketName}/${ObjectName} arn:${Partition}:s3", 1}},
			ResourceLists:  [][]Resource{nil, {{0, 1, 2, 1}}},
			Actions:        []Action{{"GetObject", 2, 1, 1, 0}, {"PutObject", 3, 1, 0, 1}},
		},
	}
}

func TestFileGivesBackWhatWasEncoded(t *testing.T) {
	prefixes, services := example()
	for _, dictionary := range [][]string{nil, {"GetObject"}, {"Object", "arn:${Partition}:"}} {
		data, err := Encode(prefixes, services, dictionary)
		if err != nil {
			t.Fatal(err)
		}
		file, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(file.Prefixes, prefixes) {
			t.Errorf("prefixes %q", file.Prefixes)
		}
		for i, want := range services {
			if got, err := file.Service(i); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, %v, want %+v", prefixes[i], got, err, want)
			}
		}
		if again, _ := Encode(prefixes, services, dictionary); !bytes.Equal(again, data) {
			t.Error("encoded again, the file differs")
		}
	}
}

func TestNoTextHasANewline(t *testing.T) {
	if _, err := Encode([]string{"a"}, []*Service{{Name: "two\nlines"}}, nil); err == nil {
		t.Error("no error")
	}
}

func TestTextsAreThoseOfTheService(t *testing.T) {
	_, services := example()
	got := strings.Join(slices.Collect(services[1].Texts()), "|")
	const want = "Amazon S3|aws:TagKeys|:prefix|iam:PassRole|:GetObject|object|arn:${Partition}:s3:::${BucketName}/${ObjectName} arn:${Partition}:s3|GetObject|PutObject"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestPlaceholdersAreCutOut(t *testing.T) {
	for key, want := range map[string][2]string{
		"aws:RequestTag/${TagKey}":                 {"aws:RequestTag/", ""},
		"s3:ExistingObjectTag/<key>":               {"s3:ExistingObjectTag/", ""},
		"events:Metadata/${MetadataKey}/Matcher":   {"events:Metadata/", "/Matcher"},
		"token.actions.${Domain}.ghe.com:actor_id": {"token.actions.", ".ghe.com:actor_id"},
	} {
		if before, after, ok := CutPlaceholder(key); !ok || [2]string{before, after} != want {
			t.Errorf("CutPlaceholder(%q) = %q, %q, %v", key, before, after, ok)
		}
	}
	if _, _, ok := CutPlaceholder("aws:TagKeys"); ok {
		t.Error("aws:TagKeys has a part to fill in")
	}
}

func FuzzOpenOfCorruptFiles(f *testing.F) {
	prefixes, services := example()
	data, err := Encode(prefixes, services, []string{"Object"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{})
	f.Add([]byte(magic))
	for i := range data {
		changed := slices.Clone(data)
		changed[i] ^= 0x55
		f.Add(changed)
		f.Add(data[:i])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(data)
		if err != nil {
			return
		}
		for i := range file.Prefixes {
			file.Service(i)
		}
	})
}
