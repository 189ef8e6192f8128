package server_test

import (
	"context"
	"fmt"
	"maps"
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
	if denied["iam"] < 125 || denied["sts"] < 5 || denied["organizations"] < 30 {
		t.Errorf("only %v operations were tried", denied)
	}
	if after := revision(t, s); after != before {
		t.Errorf("the store went from revision %s to %s", before, after)
	}
}

// call calls an operation of an SDK's client with the least that its model requires.
func call(ctx context.Context, client any, o *awsmodel.Operation) error {
	method := reflect.ValueOf(client).MethodByName(o.Name)
	in := reflect.New(method.Type().In(1).Elem())
	if o.Input != nil {
		fill(in.Elem(), o.Input)
	}
	err, _ := method.Call([]reflect.Value{reflect.ValueOf(ctx), in})[1].Interface().(error)
	return err
}

// fill sets what a shape requires in a struct of the SDK's.
func fill(v reflect.Value, s *awsmodel.Shape) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	case reflect.Struct:
		for _, m := range s.Members {
			if m.Required {
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
	"arnType":                     "arn:aws:iam::" + account + ":policy/x",
	"RoleArn":                     "arn:aws:iam::" + account + ":role/x",
	"PolicySourceArn":             "arn:aws:iam::" + account + ":user/nobody",
	"OpenIDConnectProviderArn":    "arn:aws:iam::" + account + ":oidc-provider/x.example.com",
	"SAMLProviderArn":             "arn:aws:iam::" + account + ":saml-provider/x",
	"Arn":                         "arn:aws:iam::" + account + ":user/nobody",
	"SerialNumber":                "arn:aws:iam::" + account + ":mfa/x",
	"AccessKeyId":                 "AKIAIOSFODNN7EXAMPLE",
	"Url":                         "https://x.example.com",
	"AWSServiceName":              "autoscaling.amazonaws.com",
	"ServicePrincipal":            "sso.amazonaws.com",
	"PolicyDocument":              `{"Version":"2012-10-17","Statement":[]}`,
	"AssumeRolePolicyDocument":    `{"Version":"2012-10-17","Statement":[]}`,
	"Content":                     "{}",
	"Email":                       "x@example.com",
	"PolicyId":                    "p-12345678",
	"AccountId":                   account,
	"RootId":                      "r-1234",
	"ParentId":                    "r-1234",
	"SourceParentId":              "r-1234",
	"DestinationParentId":         "r-1234",
	"TargetId":                    "r-1234",
	"ChildId":                     account,
	"ResourceId":                  "r-1234",
	"OrganizationalUnitId":        "ou-1234-12345678",
	"CreateAccountRequestId":      "car-12345678",
	"HandshakeId":                 "h-12345678",
	"JobId":                       strings.Repeat("1", 36),
	"DeletionTaskId":              "task/aws-service-role/x",
	"SAMLMetadataDocument":        strings.Repeat("x", 1000),
	"ServiceNamespace":            "iam",
	"Name":                        "name",
	"ServiceSpecificCredentialId": strings.Repeat("A", 20),
}

// sample is a text that a shape takes.
func sample(s *awsmodel.Shape) string {
	candidates := []string{samples[s.Name]}
	if s.Enum != nil {
		candidates = s.Enum
	}
	for _, c := range "xX1" {
		candidates = append(candidates, strings.Repeat(string(c), max(1, int(aws.ToInt64(s.Min)))))
	}
	for _, c := range candidates {
		if c != "" && (s.Pattern == nil || s.Pattern.Match(c)) {
			return c
		}
	}
	panic("no sample of " + s.Name)
}

var _ = maps.Keys[map[string]int]
