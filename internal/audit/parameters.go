package audit

import (
	"reflect"
	"strings"
	"time"
)

// Hidden is what CloudTrail has in place of a secret.
const Hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// secret are the members, of whatever type of the SDK, that are never written.
var secret = map[string]bool{
	"AddPrivateKey":           true,
	"AuthenticationCode1":     true,
	"AuthenticationCode2":     true,
	"Base32StringSeed":        true,
	"CallerRequest":           true, // a signed request, of Writ's CreateForwardAccessSession
	"ContextAssertion":        true, // ProvidedContext: says who somebody is, signed
	"DecodedMessage":          true, // what policies say
	"EncodedMessage":          true,
	"NewPassword":             true,
	"OldPassword":             true,
	"Password":                true,
	"PrivateKey":              true,
	"QRCodePNG":               true,
	"SAMLAssertion":           true,
	"SecretAccessKey":         true,
	"ServiceCredentialSecret": true,
	"ServicePassword":         true,
	"SigningSecret":           true, // of a webhook, of Writ's CreateWebhook
	"SessionToken":            true,
	"TokenCode":               true,
	"TradeInToken":            true,
	"WebIdentityToken":        true, // also the answer of GetWebIdentityToken
}

// left are members that say nothing of a call, or too much.
var left = map[string]bool{
	"ResultMetadata": true,
	"ServiceActions": true, // a whole service reference, whose digest is in the answer
}

// maxDepth bounds how deep structs are looked into. Those of the SDK are not deeper than eight.
const maxDepth = 32

// Parameters turns a struct of the SDK, or a pointer to one, into the JSON of CloudTrail: names begin in lower case,
// members that are not set are missing, and secrets are hidden. What cannot be written as JSON is missing too.
func Parameters(in any) map[string]any {
	v, ok := value(reflect.ValueOf(in), 0)
	m, isMap := v.(map[string]any)
	if !ok || !isMap || len(m) == 0 {
		return nil
	}
	return m
}

var timeType = reflect.TypeFor[time.Time]()

// value turns a value into one of JSON; ok is false if there is nothing to tell.
func value(v reflect.Value, depth int) (_ any, ok bool) {
	if depth > maxDepth || !v.IsValid() {
		return nil, false
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil, false
		}
		return value(v.Elem(), depth+1)
	case reflect.Struct:
		if v.Type() == timeType {
			return Time{v.Interface().(time.Time)}, true
		}
		return members(v, depth), true
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.IsNil() {
			return nil, false
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Interface(), true
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			if e, ok := value(v.Index(i), depth+1); ok {
				list = append(list, e)
			}
		}
		return list, true
	case reflect.Map:
		if v.IsNil() || v.Type().Key().Kind() != reflect.String {
			return nil, false
		}
		m := make(map[string]any, v.Len())
		for key, e := range v.Seq2() {
			if e, ok := value(e, depth+1); ok {
				m[key.String()] = e
			}
		}
		return m, true
	case reflect.String:
		return v.String(), true
	case reflect.Bool:
		return v.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint(), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), v.Float()-v.Float() == 0 // neither infinite nor not a number
	}
	return nil, false
}

// members are the members of a struct that are set. A member that is not a pointer and has its zero value counts as not
// set: an enumeration that is "", a number that the service takes as it is.
func members(v reflect.Value, depth int) map[string]any {
	m := map[string]any{}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || left[f.Name] || v.Field(i).IsZero() {
			continue
		}
		if secret[f.Name] {
			m[lowerCamel(f.Name)] = Hidden
			continue
		}
		if e, ok := value(v.Field(i), depth+1); ok {
			m[lowerCamel(f.Name)] = e
		}
	}
	return m
}

// lowerCamel is CloudTrail's form of a name: UserName is userName, and SAMLProviderArn is sAMLProviderArn.
func lowerCamel(name string) string {
	return strings.ToLower(name[:1]) + name[1:]
}
