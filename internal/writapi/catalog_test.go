package writapi_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/writ-iam/writ/internal/writapi"
	"github.com/writ-iam/writ/writtest"
)

// allow makes a policy document.
func allow(actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"*"}]}`
}

// publishing is a server with a publisher.
func publishing(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, Server: writtest.New(t)}
	if _, err := call[writapi.CreatePublisherOutput](w, w.root(), "CreatePublisher", writapi.CreatePublisherInput{Name: "platform", Path: "/platform/"}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) publish(in writapi.PublishManagedPolicyInput) (*writapi.PublishManagedPolicyOutput, error) {
	if in.Publisher == "" {
		in.Publisher = "platform"
	}
	return call[writapi.PublishManagedPolicyOutput](w, w.root(), "PublishManagedPolicy", in)
}

func (w *world) mustPublish(in writapi.PublishManagedPolicyInput) *writapi.PublishManagedPolicyOutput {
	w.t.Helper()
	out, err := w.publish(in)
	w.must(err)
	return out
}

func (w *world) entries(policy string) []writapi.Entry {
	w.t.Helper()
	out, err := call[writapi.ListCatalogEntriesOutput](w, w.root(), "ListCatalogEntries", writapi.ListCatalogEntriesInput{PolicyName: policy})
	w.must(err)
	return out.Entries
}

const deployer = "arn:aws:iam::aws:policy/platform/Deployer"

// TestAnUpdateReachesEveryIdentityAtOnce is the story of a managed policy: its owner publishes it, somebody attaches it, and the next
// version counts for them with the answer to its publication.
func TestAnUpdateReachesEveryIdentityAtOnce(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	ctx := context.Background()
	first := w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("iam:ListUsers"), Note: "deploys"})
	if e := first.Entry; e == nil || e.VersionID != "v1" || e.Verdict != "new" || e.PolicyARN != deployer {
		t.Fatalf("%+v", first.Entry)
	}
	dev := iam.NewFromConfig(w.user("dev", deployer))
	if _, err := dev.ListUsers(ctx, &iam.ListUsersInput{}); err != nil {
		t.Error(err)
	}
	if _, err := dev.ListRoles(ctx, &iam.ListRolesInput{}); err == nil {
		t.Error("roles are listed before the update")
	}
	second := w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("iam:ListUsers", "iam:ListRoles"), Note: "roles, too", Feature: "roles"})
	if e := second.Entry; e == nil || e.VersionID != "v2" || e.Verdict != "broader" || !slices.Equal(e.Added, []string{"iam:ListRoles"}) || len(e.Removed) > 0 {
		t.Fatalf("%+v", second.Entry)
	}
	if _, err := dev.ListRoles(ctx, &iam.ListRolesInput{}); err != nil {
		t.Errorf("after the update: %v", err)
	}
	got, err := w.IAM().GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: aws.String(deployer), VersionId: aws.String("v1")})
	if err != nil || got.PolicyVersion.IsDefaultVersion {
		t.Errorf("v1: %+v, %v", got, err)
	}
	p, err := w.IAM().GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(deployer)})
	if err != nil || *p.Policy.DefaultVersionId != "v2" || *p.Policy.AttachmentCount != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	list, err := w.IAM().ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws, OnlyAttached: true})
	if err != nil || len(list.Policies) != 1 || *list.Policies[0].Arn != deployer {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestWhatTakesAwayIsRefused: with what would break, and who would lose it; with a reason it is published all the same.
func TestWhatTakesAwayIsRefused(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("iam:ListUsers", "iam:ListRoles")})
	w.user("dev", deployer)
	in := writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("iam:ListUsers", "iam:ListGroups")}
	out := w.mustPublish(in)
	r := out.Refused
	if r == nil || out.Entry != nil || r.Verdict != "incomparable" || len(r.Removes) != 1 || !slices.Equal(r.Removes[0].Actions, []string{"iam:ListRoles"}) {
		t.Fatalf("%+v", out)
	}
	if !strings.Contains(string(r.Removes[0].Witness), `"action":"iam:ListRoles"`) || len(r.Loses) != 1 || !strings.HasSuffix(r.Loses[0].ARN, ":user/dev") || r.Loses[0].As != "policy" {
		t.Errorf("%s %+v", r.Removes[0].Witness, r.Loses)
	}
	if e := w.entries(""); len(e) != 1 {
		t.Errorf("a refused version is in the history: %+v", e)
	}
	in.AllowRemoval = "roles are listed by nobody"
	out = w.mustPublish(in)
	if e := out.Entry; e == nil || e.Verdict != "incomparable" || e.Reason != in.AllowRemoval || !slices.Equal(e.Removed, []string{"iam:ListRoles"}) {
		t.Errorf("%+v", out)
	}
	out = w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: strings.Replace(in.Document, `,"Resource"`, ` ,  "Resource"`, 1)})
	if !out.Unchanged || len(w.entries("")) != 2 {
		t.Errorf("the same document again: %+v", out)
	}
}

// TestTheShippedCatalogueGrows: a new version of one of AWS's policies comes after the versions that are part of the program.
func TestTheShippedCatalogueGrows(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	ctx := context.Background()
	arn := aws.String("arn:aws:iam::aws:policy/AmazonRDSReadOnlyAccess")
	before, err := w.IAM().GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	w.must(err)
	was, err := w.IAM().GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: before.Policy.DefaultVersionId})
	w.must(err)
	document, err := url.QueryUnescape(*was.PolicyVersion.Document)
	w.must(err)
	grown := strings.Replace(document, `"Statement":[`, `"Statement":[{"Effect":"Allow","Action":"rds:NewOperation","Resource":"*"},`, 1)
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	out := w.mustPublish(writapi.PublishManagedPolicyInput{Publisher: "aws", Name: "AmazonRDSReadOnlyAccess", Document: grown, VersionID: "v99", Date: &day})
	if e := out.Entry; e == nil || e.VersionID != "v99" || !e.VersionDate.Equal(day) || !slices.Equal(e.Added, []string{"rds:NewOperation"}) {
		t.Fatalf("%+v", out)
	}
	after, err := w.IAM().GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil || *after.Policy.DefaultVersionId != "v99" || !after.Policy.CreateDate.Equal(*before.Policy.CreateDate) {
		t.Errorf("%+v, %v", after, err)
	}
	if _, err := w.publish(writapi.PublishManagedPolicyInput{Publisher: "aws", Name: "AmazonRDSReadOnlyAccess", Document: strings.Replace(grown, "NewOperation", "New*", 1), VersionID: "v98"}); err == nil {
		t.Error("v98 after v99")
	}
	if _, err := w.publish(writapi.PublishManagedPolicyInput{Name: "AmazonRDSReadOnlyAccess", Document: grown}); err == nil {
		t.Error("a publisher publishes what is AWS's")
	}
}

// TestCustomersCannotChangeWhatOwnersPublish, administrators included.
func TestCustomersCannotChangeWhatOwnersPublish(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	ctx := context.Background()
	w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("iam:ListUsers")})
	admin := iam.NewFromConfig(w.user("admin", "arn:aws:iam::aws:policy/AdministratorAccess"))
	for name, try := range map[string]func(*iam.Client) error{
		"CreatePolicyVersion": func(c *iam.Client) error {
			_, err := c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(deployer), PolicyDocument: aws.String(allow("*:*")), SetAsDefault: true})
			return err
		},
		"DeletePolicy": func(c *iam.Client) error {
			_, err := c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(deployer)})
			return err
		},
		"SetDefaultPolicyVersion": func(c *iam.Client) error {
			_, err := c.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: aws.String(deployer), VersionId: aws.String("v1")})
			return err
		},
	} {
		for who, client := range map[string]*iam.Client{"an administrator": admin, "root": w.IAM()} {
			if err := try(client); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("%s by %s: %v", name, who, err)
			}
		}
	}
	nobody := w.user("nobody", deployer)
	if _, err := call[writapi.PublishManagedPolicyOutput](w, nobody, "PublishManagedPolicy", writapi.PublishManagedPolicyInput{Publisher: "platform", Name: "Deployer", Document: allow("*")}); err == nil ||
		!strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("somebody without permission publishes: %v", err)
	}
}

// TestWithdrawalIsDeprecation: who has the policy keeps it, and nobody new gets it.
func TestWithdrawalIsDeprecation(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	ctx := context.Background()
	w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("iam:ListUsers")})
	dev := iam.NewFromConfig(w.user("dev", deployer))
	out, err := call[writapi.DeprecateManagedPolicyOutput](w, w.root(), "DeprecateManagedPolicy", writapi.DeprecateManagedPolicyInput{Publisher: "platform", Name: "Deployer", Note: "use Builder"})
	if err != nil || !out.Entry.Deprecation || out.Entry.VersionID != "v1" {
		t.Fatalf("%+v, %v", out, err)
	}
	if _, err := dev.ListUsers(ctx, &iam.ListUsersInput{}); err != nil {
		t.Errorf("who has it loses it: %v", err)
	}
	if _, err := w.IAM().CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("new")}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.IAM().AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("new"), PolicyArn: aws.String(deployer)}); err == nil ||
		!strings.Contains(err.Error(), "PolicyNotAttachable") {
		t.Errorf("it is attached again: %v", err)
	}
	if _, err := w.publish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("iam:*")}); err == nil {
		t.Error("a deprecated policy gets a version")
	}
}

// TestPublishersHaveTheirPlaces: wrong names, wrong paths, wrong documents.
func TestPublishersHaveTheirPlaces(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	for _, in := range []writapi.CreatePublisherInput{
		{Name: "platform", Path: "/other/"}, {Name: "inner", Path: "/platform/inner/"}, {Name: "outer", Path: "/"}, {Name: "aws", Path: "/x/"},
		{Name: "x", Path: "/service-role/"}, {Name: "x", Path: "/job-function/x/"}, {Name: "X", Path: "/x/"}, {Name: "", Path: "/x/"}, {Name: "x", Path: "x"},
	} {
		if _, err := call[writapi.CreatePublisherOutput](w, w.root(), "CreatePublisher", in); err == nil {
			t.Errorf("publisher %+v", in)
		}
	}
	for _, in := range []writapi.PublishManagedPolicyInput{
		{Name: "P", Publisher: "nobody", Document: allow("s3:*")},
		{Name: "P", Path: "/elsewhere/", Document: allow("s3:*")},
		{Name: "readonlyaccess", Document: allow("s3:*")},
		{Name: "P P", Document: allow("s3:*")},
		{Name: "P", Document: `{"Version":"2012-10-17"}`},
		{Name: "P", Document: strings.Replace(allow("s3:*"), "Resource", "Resources", 1)},
		{Name: "P", Document: allow("s3:*"), VersionID: "7"},
	} {
		if out, err := w.publish(in); err == nil {
			t.Errorf("%+v gives %+v", in, out)
		}
	}
	if e := w.entries(""); len(e) != 0 {
		t.Errorf("%+v", e)
	}
}

// TestTwoPublishersAtOnce: of publications of one policy at the same moment each has a version of its own, and none is lost; the
// history has no gap, and its dates do not go back.
func TestTwoPublishersAtOnce(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Deployer", Document: allow("a:0")})
	var group sync.WaitGroup
	published := make([]int, 4)
	for worker := range published {
		group.Go(func() {
			for i := range 6 {
				// What others publish in between is taken away by this document, so it takes a reason.
				out, err := w.publish(writapi.PublishManagedPolicyInput{Name: "Deployer", AllowRemoval: "a race", Document: allow("a:0", fmt.Sprintf("a:%d-%d", worker, i))})
				switch {
				case err == nil && out.Entry != nil:
					published[worker]++
				case err != nil && !strings.Contains(err.Error(), "ConcurrentModification"):
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	all := 1
	for _, n := range published {
		all += n
	}
	entries := w.entries("Deployer")
	if len(entries) != all || all < 7 {
		t.Fatalf("%d entries, %d publications", len(entries), all)
	}
	for i, e := range entries {
		if e.Entry != i+1 || e.VersionID != fmt.Sprint("v", i+1) || i > 0 && e.Time.Before(entries[i-1].Time) {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}
