package server_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/iamapi"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/orgapi"
	"github.com/writ-iam/writ/internal/server"
	"github.com/writ-iam/writ/internal/stsapi"
)

// free are the operations that AWS allows to whoever signs, or takes without a signature.
var free = []string{"sts:GetCallerIdentity", "sts:GetSessionToken", "sts:AssumeRoleWithWebIdentity"}

// TestEveryOperationIsDeniedToAUserWithoutPolicies goes through all operations that are served, so that none that is
// added can be forgotten: with the least input that the model takes, the answer is a denial that names the action.
func TestEveryOperationIsDeniedToAUserWithoutPolicies(t *testing.T) {
	s := start(t, server.Config{})
	ctx := t.Context()
	client := iam.NewFromConfig(root(s))
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("nobody")}); err != nil {
		t.Fatal(err)
	}
	out, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("nobody")})
	if err != nil {
		t.Fatal(err)
	}
	nobody := config(s, *out.AccessKey.AccessKeyId, *out.AccessKey.SecretAccessKey, "")
	if _, err := sts.NewFromConfig(nobody).GetCallerIdentity(ctx, nil); err != nil { // a first use is on record
		t.Fatal(err)
	}
	before := revision(t, s)

	denied := map[string]int{}
	for _, api := range []struct {
		service *op.Service
		client  any
	}{
		{iamapi.Service(), iam.NewFromConfig(nobody)},
		{stsapi.Service(), sts.NewFromConfig(nobody)},
		{orgapi.Service(), organizations.NewFromConfig(nobody)},
	} {
		for _, o := range api.service.Model.Operations {
			action := api.service.Prefix + ":" + o.Name
			if !api.service.Served(o.Name) || slices.Contains(free, action) {
				continue
			}
			err := call(ctx, api.client, &o)
			want := "User: arn:aws:iam::" + account + ":user/nobody is not authorized to perform: "
			if !strings.HasPrefix(code(err), "AccessDenied") || !strings.Contains(fmt.Sprint(err), want+action+" on resource: ") {
				t.Errorf("%s: %v", action, err)
			}
			denied[api.service.Prefix]++
		}
	}
	t.Log(denied)
	if denied["iam"] < 125 || denied["sts"] < 4 || denied["organizations"] < 30 {
		t.Errorf("only %v operations were tried", denied)
	}
	if after := revision(t, s); after != before {
		t.Errorf("the store went from revision %s to %s", before, after)
	}
}

// nothingMissing are operations that declare NoSuchEntity and need nothing that could be missing: what they name they
// make, or it is the caller's own.
var nothingMissing = []string{
	"ChangePassword", "CreateGroup", "CreateServiceLinkedRole", "CreateUser", "UpdateAccountPasswordPolicy",
}

// TestEveryOperationSaysWhatIsNotThere: an operation that declares NoSuchEntity, or that there is no organization,
// answers it on a server on which there is nothing.
func TestEveryOperationSaysWhatIsNotThere(t *testing.T) {
	s := start(t, server.Config{})
	if _, err := sts.NewFromConfig(root(s)).GetCallerIdentity(t.Context(), nil); err != nil { // a first use is on record
		t.Fatal(err)
	}
	before := revision(t, s)
	for _, o := range iamapi.Service().Model.Operations {
		if !iamapi.Service().Served(o.Name) || !declares(&o, "NoSuchEntity") || slices.Contains(nothingMissing, o.Name) {
			continue
		}
		if err := call(t.Context(), iam.NewFromConfig(root(s)), &o, "UserName"); code(err) != "NoSuchEntity" {
			t.Errorf("%s: %v, want NoSuchEntity", o.Name, err)
		}
	}
	for _, o := range orgapi.Service().Model.Operations {
		if !orgapi.Service().Served(o.Name) || !declares(&o, "AWSOrganizationsNotInUseException") {
			continue
		}
		err := call(t.Context(), organizations.NewFromConfig(root(s)), &o)
		if code(err) != "AWSOrganizationsNotInUseException" {
			t.Errorf("%s: %v", o.Name, err)
		}
	}
	if after := revision(t, s); after != before {
		t.Errorf("the store went from revision %s to %s", before, after)
	}
}

func declares(o *awsmodel.Operation, code string) bool {
	return slices.ContainsFunc(o.Errors, func(e *awsmodel.Error) bool { return e.Code == code })
}

// call calls an operation of an SDK's client with the least that its model requires, and some members besides.
func call(ctx context.Context, client any, o *awsmodel.Operation, besides ...string) error {
	method := reflect.ValueOf(client).MethodByName(o.Name)
	in := reflect.New(method.Type().In(1).Elem())
	if o.Input != nil {
		fill(in.Elem(), o.Input, besides...)
	}
	err, _ := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})[1].Interface().(error)
	return err
}

// fill sets what a shape requires in a struct of the SDK's.
func fill(v reflect.Value, s *awsmodel.Shape, besides ...string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	case reflect.Struct:
		for _, m := range s.Members {
			if m.Required || slices.Contains(besides, m.Name) {
				fill(v.FieldByName(strings.ToUpper(m.Name[:1])+m.Name[1:]), named(m))
			}
		}
	case reflect.Slice:
		if s.Kind == awsmodel.Blob {
			v.SetBytes([]byte("x"))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), s.Element)
	case reflect.String:
		v.SetString(sample(s))
	case reflect.Int32, reflect.Int64:
		v.SetInt(max(1, aws.ToInt64(s.Min)))
	case reflect.Bool:
	default:
		panic("a " + v.Kind().String() + " in " + s.Name)
	}
}

// named is the shape of a member, with a name by which sample finds a value: the shape's, or that of the member where
// many mean something else by the same shape.
func named(m awsmodel.Member) *awsmodel.Shape {
	s := *m.Shape
	if _, ok := samples[m.Name]; ok {
		s.Name = m.Name
	}
	return &s
}

// samples are values of members and shapes of which the model does not say enough.
var samples = map[string]string{
	"arnType":                "arn:aws:iam::" + account + ":policy/x",
	"Arn":                    "arn:aws:iam::" + account + ":user/x",
	"PolicySourceArn":        "arn:aws:iam::" + account + ":user/x",
	"PolicyDocument":         `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
	"ServiceNamespace":       "iam",
	"RoleArn":                "arn:aws:iam::" + account + ":role/x",
	"Email":                  "x@example.com",
	"PolicyId":               "p-12345678",
	"AccountId":              account,
	"RootId":                 "r-1234",
	"ParentId":               "r-1234",
	"TargetId":               "r-1234",
	"ChildId":                account,
	"ResourceId":             "r-1234",
	"OrganizationalUnitId":   "ou-1234-12345678",
	"CreateAccountRequestId": "car-12345678",
}

// sample is a text that a shape takes.
func sample(s *awsmodel.Shape) string {
	candidates := []string{samples[s.Name]}
	if s.Enum != nil {
		candidates = slices.Clone(s.Enum)
	}
	for _, c := range []string{"x", "X", "1"} {
		candidates = append(candidates, strings.Repeat(c, int(max(1, aws.ToInt64(s.Min)))))
	}
	candidates = append(candidates, "v1")
	for _, c := range candidates {
		if c != "" && (s.Pattern == nil || s.Pattern.Match(c)) {
			return c
		}
	}
	panic("no sample of " + s.Name)
}
