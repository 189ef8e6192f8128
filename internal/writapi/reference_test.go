package writapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/internal/actions"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/writapi"
)

// levels are the actions of a service by access level.
type levels map[string][]string

// refer gives the server a reference that has all there is of the service iam.
func (w *world) refer(who aws.Config, of levels, with ...func(*writapi.UpdateServiceReferenceInput)) (*writapi.UpdateServiceReferenceOutput, error) {
	in := writapi.UpdateServiceReferenceInput{Name: "a test's", Complete: true, ServiceActions: map[string]map[string][]string{"iam": of}, Note: "newer"}
	for _, f := range with {
		f(&in)
	}
	return call[writapi.UpdateServiceReferenceOutput](w, who, "UpdateServiceReference", in)
}

func (w *world) mustRefer(of levels, with ...func(*writapi.UpdateServiceReferenceInput)) *writapi.UpdateServiceReferenceOutput {
	w.t.Helper()
	out, err := w.refer(w.root(), of, with...)
	w.must(err)
	return out
}

func (w *world) shown() *writapi.GetServiceReferenceOutput {
	w.t.Helper()
	out, err := call[writapi.GetServiceReferenceOutput](w, w.root(), "GetServiceReference", writapi.GetServiceReferenceInput{})
	w.must(err)
	return out
}

const listers = "arn:aws:iam::aws:policy/platform/Listers"

// TestAPolicyGrowsWithTheReference is the story of a policy for a job function: a service gains an operation, and who has the policy
// may call it with the answer to the update. The feed says so.
func TestAPolicyGrowsWithTheReference(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	w.mustRefer(levels{"List": {"ListUsers"}, "Write": {"CreateUser"}})
	out := w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Listers", Rule: `{"AccessLevels": [ "List", "Read" ]}`, Note: "lists"})
	if e := out.Entry; e == nil || e.Verdict != "new" || e.Rule != `{"AccessLevels":["List","Read"]}` || e.Reference != "a test's" {
		t.Fatalf("%+v", out)
	}
	dev := iam.NewFromConfig(w.user("dev", listers))
	if _, err := dev.ListUsers(ctx, &iam.ListUsersInput{}); err != nil {
		t.Error(err)
	}
	if _, err := dev.ListRoles(ctx, &iam.ListRolesInput{}); err == nil {
		t.Error("roles are listed before the update")
	}
	grown := levels{"List": {"ListUsers", "ListRoles"}, "Write": {"CreateUser", "CreateGroup"}}
	update := w.mustRefer(grown)
	if c := update.Changes; update.Unchanged || len(c) != 1 || !slices.Equal(c[0].Gained, []string{"iam:CreateGroup", "iam:ListRoles"}) || len(c[0].Lost)+len(c[0].Moved) > 0 {
		t.Errorf("%+v", update.Changes)
	}
	if p := update.Policies; len(p) != 1 || p[0].Entry == nil || p[0].Entry.VersionID != "v2" || p[0].Entry.Verdict != "broader" || !slices.Equal(p[0].Entry.Added, []string{"iam:ListRoles"}) {
		t.Fatalf("%+v", update.Policies)
	}
	if _, err := dev.ListRoles(ctx, &iam.ListRolesInput{}); err != nil {
		t.Errorf("after the update: %v", err)
	}
	if _, err := dev.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("g")}); err == nil {
		t.Error("a write came with the update")
	}
	resp, err := http.Get(w.URL + "/feeds/policies/Listers.json")
	w.must(err)
	defer resp.Body.Close()
	feed, err := io.ReadAll(resp.Body)
	w.must(err)
	if !strings.Contains(string(feed), "Listers@v2") || !strings.Contains(string(feed), "broader") || !strings.Contains(string(feed), "iam:ListRoles") {
		t.Errorf("the feed does not tell: %s", feed)
	}
	again := w.mustRefer(grown)
	if p := again.Policies; !again.Unchanged || len(again.Changes) > 0 || len(p) != 1 || !p[0].Unchanged || len(w.entries("")) != 2 {
		t.Errorf("the same again: %+v", again)
	}
}

// TestWhatAReferenceLosesIsRefused, policy by policy: those that lose nothing are published.
func TestWhatAReferenceLosesIsRefused(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	w.mustRefer(levels{"List": {"ListUsers", "ListRoles"}, "Read": {"GetUser"}})
	w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Listers", Rule: `{"AccessLevels": ["List"]}`})
	w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Readers", Rule: `{"AccessLevels": ["Read"], "Patterns": true}`})
	w.user("dev", listers)
	less := levels{"List": {"ListUsers"}, "Read": {"GetUser", "GetGroup"}}
	dry := func(in *writapi.UpdateServiceReferenceInput) { in.DryRun = true }
	for _, with := range [][]func(*writapi.UpdateServiceReferenceInput){{dry}, {}} {
		out := w.mustRefer(less, with...)
		if len(out.Policies) != 2 {
			t.Fatalf("%+v", out.Policies)
		}
		r := out.Policies[0].Refused
		if r == nil || r.Verdict != "narrower" || len(r.Removes) != 1 || !slices.Equal(r.Removes[0].Actions, []string{"iam:ListRoles"}) ||
			!strings.Contains(string(r.Removes[0].Witness), `"action":"iam:ListRoles"`) || len(r.Loses) != 1 || !strings.HasSuffix(r.Loses[0].ARN, ":user/dev") {
			t.Errorf("%+v", out.Policies[0])
		}
		if e := out.Policies[1].Entry; e == nil || e.Verdict != "broader" {
			t.Errorf("%+v", out.Policies[1])
		}
		if want := 2 + 1 - len(with); len(w.entries("")) != want {
			t.Errorf("%d entries, not %d", len(w.entries("")), want)
		}
	}
	if p := w.shown().Policies; len(p) != 2 || p[0].Current || !p[1].Current || p[0].PolicyARN != listers || p[0].VersionID != "v1" {
		t.Errorf("%+v", p)
	}
	out := w.mustRefer(less, func(in *writapi.UpdateServiceReferenceInput) { in.AllowRemoval = "nobody lists roles" })
	if e := out.Policies[0].Entry; !out.Unchanged || e == nil || e.Reason != "nobody lists roles" || !slices.Equal(e.Removed, []string{"iam:ListRoles"}) || !out.Policies[1].Unchanged {
		t.Errorf("%+v", out)
	}
	if p := w.shown().Policies; !p[0].Current || p[0].Reference != "a test's" {
		t.Errorf("%+v", p)
	}
}

// TestUpdatesTakePermissions: that of the reference, and that of each policy that it publishes.
func TestUpdatesTakePermissions(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	allowed := func(name, statement string) aws.Config {
		who := w.user(name, "")
		_, err := w.IAM().PutUserPolicy(ctx, &iam.PutUserPolicyInput{
			UserName: &name, PolicyName: &name, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)})
		w.must(err)
		return who
	}
	const reference = `{"Effect":"Allow","Action":"writ:UpdateServiceReference","Resource":"arn:aws:writ::` + account + `:service-reference"}`
	const publish = `{"Effect":"Allow","Action":"writ:PublishManagedPolicy","Resource":"arn:aws:writ::` + account + `:publisher/platform/policy/Listers"}`
	nobody, updater, both := w.user("nobody", ""), allowed("updater", reference), allowed("both", reference+","+publish)
	of := levels{"List": {"ListUsers"}}
	if _, err := w.refer(nobody, of); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("without permission: %v", err)
	}
	if _, err := w.refer(updater, of); err != nil {
		t.Errorf("while no policy is defined by a rule: %v", err)
	}
	w.mustPublish(writapi.PublishManagedPolicyInput{Name: "Listers", Rule: `{"AccessLevels": ["List"]}`})
	of["List"] = append(of["List"], "ListRoles")
	if _, err := w.refer(updater, of); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("without the permission to publish: %v", err)
	}
	if len(w.entries("")) != 1 || w.shown().Reference.Actions != 1 {
		t.Error("a denied update did something")
	}
	if out, err := w.refer(both, of); err != nil || len(out.Policies) != 1 || out.Policies[0].Entry == nil || !strings.HasSuffix(out.Policies[0].Entry.By, ":user/both") {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := call[writapi.GetServiceReferenceOutput](w, nobody, "GetServiceReference", writapi.GetServiceReferenceInput{}); err == nil {
		t.Error("the reference is shown without permission")
	}
}

// TestPartsOfAReference: what is given is put in the place of what was, services that are not given stay, and so do levels.
func TestPartsOfAReference(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	shipped := w.shown().Reference
	if shipped.Updated != nil || shipped.Actions != actions.Shipped().Len() || !strings.HasPrefix(shipped.Name, "the built-in reference of ") {
		t.Errorf("%+v", shipped)
	}
	part := func(in *writapi.UpdateServiceReferenceInput) {
		in.Complete, in.ServiceActions = false, map[string]map[string][]string{"shop": {"List": {"ListOrders"}}}
	}
	out := w.mustRefer(nil, part)
	if r := w.shown().Reference; r.Services != shipped.Services+1 || r.Updated == nil || r.Name != shipped.Name+", with a test's" || r.Digest != out.Reference.Digest {
		t.Errorf("%+v", r)
	}
	out = w.mustRefer(nil, part, func(in *writapi.UpdateServiceReferenceInput) {
		in.ServiceActions["shop"] = levels{"": {"ListOrders"}, "Read": {"GetOrder"}}
	})
	if c := out.Changes; len(c) != 1 || len(c[0].Moved)+len(c[0].Lost) > 0 || !slices.Equal(c[0].Gained, []string{"shop:GetOrder"}) || out.Reference.Name != shipped.Name+", with a test's" {
		t.Errorf("%+v", out)
	}
	for want, with := range map[string]func(*writapi.UpdateServiceReferenceInput){
		"Name must say":            func(in *writapi.UpdateServiceReferenceInput) { in.Name = "" },
		"there is no action":       func(in *writapi.UpdateServiceReferenceInput) { in.ServiceActions = nil },
		`"Lists" is no access`:     func(in *writapi.UpdateServiceReferenceInput) { in.ServiceActions["iam"] = levels{"Lists": {"A"}} },
		`"A*" is not the name of`:  func(in *writapi.UpdateServiceReferenceInput) { in.ServiceActions["iam"] = levels{"List": {"A*"}} },
		"iam:a is given twice":     func(in *writapi.UpdateServiceReferenceInput) { in.ServiceActions["iam"] = levels{"List": {"A", "a"}} },
		`"I" is not the prefix of`: func(in *writapi.UpdateServiceReferenceInput) { in.ServiceActions["I"] = levels{"List": {"A"}} },
	} {
		if _, err := w.refer(w.root(), levels{"List": {"ListUsers"}}, with); err == nil || !strings.Contains(err.Error(), "ValidationError") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
	for want, in := range map[string]writapi.PublishManagedPolicyInput{
		"Both Document and Rule": {Name: "P", Rule: `{"Also": ["s3:*"]}`, Document: allow("s3:*")},
		"Rule: line 1, column 2": {Name: "P", Rule: `{"Alsa": ["s3:*"]}`},
		`"s3:GetObjct" is no`:    {Name: "P", Rule: `{"AccessLevels": ["List"], "Except": {"Actions": ["s3:GetObjct"]}}`},
		"grants no action":       {Name: "P", Rule: `{"AccessLevels": ["List"], "Services": ["shop"], "Except": {"Services": ["shop"]}}`},
	} {
		if _, err := w.publish(in); err == nil || !strings.Contains(err.Error(), "ValidationError") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, not %s", err, want)
		}
	}
}

// TestTheWholeReferenceFitsIntoARequest, with room to grow.
func TestTheWholeReferenceFitsIntoARequest(t *testing.T) {
	var in writapi.UpdateServiceReferenceInput
	in.Put(actions.Shipped())
	body, err := json.Marshal(in)
	if err != nil || len(body) > op.MaxBody*3/4 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

// TestUpdatesAndPublicationsAtOnce: whoever comes first, no rule is put in the place of a later one, and one more update
// leaves each policy as its rule has it.
func TestUpdatesAndPublicationsAtOnce(t *testing.T) {
	t.Parallel()
	w := publishing(t)
	w.mustRefer(levels{"List": {"ListUsers"}, "Read": {"GetUser"}})
	last := make([]string, 3) // rule of each policy that was acknowledged last
	for i := range last {
		last[i] = `{"AccessLevels":["List"]}`
		w.mustPublish(writapi.PublishManagedPolicyInput{Name: fmt.Sprint("P", i), Rule: last[i]})
	}
	conflict := func(err error) bool { return err == nil || strings.Contains(err.Error(), "ConcurrentModification") }
	removal := func(in *writapi.UpdateServiceReferenceInput) { in.AllowRemoval = "a race" }
	var group sync.WaitGroup
	for worker := range 2 {
		group.Go(func() {
			for n := range 6 {
				of := levels{"List": {"ListUsers", fmt.Sprintf("List%d%d", worker, n)}, "Read": {"GetUser"}}
				if _, err := w.refer(w.root(), of, removal); !conflict(err) {
					t.Error(err)
				}
			}
		})
	}
	for i := range last {
		group.Go(func() {
			for n := range 6 {
				rule := `{"AccessLevels":["List"],"Sid":"` + fmt.Sprint("S", n) + `"}`
				_, err := w.publish(writapi.PublishManagedPolicyInput{Name: fmt.Sprint("P", i), Rule: rule, AllowRemoval: "a race"})
				if err == nil {
					last[i] = rule
				} else if !conflict(err) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	w.mustRefer(levels{"List": {"ListUsers"}, "Read": {"GetUser"}}, removal)
	shown := w.shown().Policies
	if len(shown) != len(last) {
		t.Fatalf("%+v", shown)
	}
	for i, p := range shown {
		if !p.Current || p.Rule != last[i] {
			t.Errorf("%s is defined by %s (current: %v), and %s was the last", p.PolicyName, p.Rule, p.Current, last[i])
		}
	}
	for i, e := range w.entries("") {
		if e.Entry != i+1 {
			t.Errorf("entry %d is %d", i+1, e.Entry)
		}
	}
}
