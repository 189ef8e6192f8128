package op

import (
	"reflect"
	"slices"
	"sync"

	"github.com/writ-iam/writ/internal/iam"
)

// requestTags are the tags that a request sets or removes: aws:RequestTag/… and aws:TagKeys.
type requestTags struct {
	tags []iam.Tag
	keys []string
}

// tagMembers are the places of the members Tags and TagKeys in an input's type; -1 for none.
type tagMembers struct{ tags, keys int }

var tagPlans sync.Map // reflect.Type → tagMembers

// tagsOf reads the tags of any operation's input: it is a list of structs with Key and Value in all of AWS's models.
func tagsOf(in any) (r requestTags) {
	v := reflect.ValueOf(in).Elem()
	plan, ok := tagPlans.Load(v.Type())
	if !ok {
		plan, _ = tagPlans.LoadOrStore(v.Type(), planTags(v.Type()))
	}
	p := plan.(tagMembers)
	if p.tags >= 0 {
		list := v.Field(p.tags)
		for i := range list.Len() {
			tag := list.Index(i)
			key, value := text(tag.FieldByName("Key")), text(tag.FieldByName("Value"))
			r.tags = append(r.tags, iam.Tag{Key: key, Value: value})
			r.keys = append(r.keys, key)
		}
	}
	if p.keys >= 0 {
		list := v.Field(p.keys)
		for i := range list.Len() {
			r.keys = append(r.keys, list.Index(i).String())
		}
	}
	return r
}

// check refuses keys that differ only in case: what a policy says of aws:RequestTag/… could be true of one and not of
// the other.
func (r requestTags) check() error {
	for i, tag := range r.tags {
		if slices.ContainsFunc(r.tags[:i], func(before iam.Tag) bool { return iam.SameTagKey(before.Key, tag.Key) }) {
			message := "Duplicate tag keys found. Please note that Tag keys are case insensitive."
			return &iam.Error{Code: iam.InvalidInput, Message: message, Reason: "DUPLICATE_TAG_KEY"}
		}
	}
	return nil
}

func planTags(t reflect.Type) tagMembers {
	p := tagMembers{-1, -1}
	isList := func(t reflect.Type, of reflect.Kind) bool { return t.Kind() == reflect.Slice && t.Elem().Kind() == of }
	if f, ok := t.FieldByName("Tags"); ok && isList(f.Type, reflect.Struct) {
		p.tags = f.Index[0]
	}
	if f, ok := t.FieldByName("TagKeys"); ok && isList(f.Type, reflect.String) {
		p.keys = f.Index[0]
	}
	return p
}

func text(v reflect.Value) string {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return ""
		}
		v = v.Elem()
	}
	return v.String()
}
