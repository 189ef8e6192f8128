package webhook

import (
	"strings"
	"testing"

	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/iam"
)

// TestFilters: which entries a filter lets through.
func TestFilters(t *testing.T) {
	w := newWorld(t)
	entries := map[string]*iam.Publication{
		"first": {Publisher: "platform", Policy: "Deployer", Path: "/platform/", Verdict: "new", Document: iam.NewDocument(allow("s3:GetObject"))},
		"more": {Publisher: "platform", Policy: "Deployer", Path: "/platform/", Verdict: "broader", Added: []string{"iam:ListRoles", "EC2:Describe*"},
			Escalation: &history.EscalationChange{Is: history.Cannot, Opened: []history.MethodChange{{ID: "pf-sts-001", Was: "closed", Is: "open"}}}},
		"less":       {Publisher: "aws", Policy: "ReadOnlyAccess", Path: "/", Verdict: "narrower", Removed: []string{"s3:GetObject"}},
		"everything": {Publisher: "aws", Policy: "NewAdmin", Path: "/", Verdict: "broader", Added: []string{"*"}},
		"some":       {Publisher: "aws", Policy: "NewAdmin", Path: "/", Verdict: "unknown", Added: []string{"e*:Describe"}},
		"same":       {Publisher: "aws", Policy: "ReadOnlyAccess", Path: "/", Verdict: "equivalent"},
		"withdrawn":  {Publisher: "platform", Policy: "Deployer", Path: "/platform/", Deprecation: true},
	}
	w.update(func(tx iam.Txn) error {
		u := &iam.User{Header: iam.Header{Account: account, Name: "dev", Path: "/", ID: "AIDA1"}}
		u.Attached = []string{"arn:aws:iam::aws:policy/platform/Deployer"}
		tx.Put(u)
		tx.Put(&iam.User{Header: iam.Header{Account: account, Name: "ops", Path: "/", ID: "AIDA2"}, Boundary: "arn:aws:iam::aws:policy/ReadOnlyAccess"})
		return nil
	})
	s := w.current()
	for _, test := range []struct {
		f    iam.WebhookFilter
		want string
	}{
		{iam.WebhookFilter{}, "everything first less more same some withdrawn"},
		{iam.WebhookFilter{Services: []string{"s3"}}, "everything first less"},
		{iam.WebhookFilter{Services: []string{"ec2"}}, "everything more some"},
		{iam.WebhookFilter{Services: []string{"iam", "s3"}}, "everything first less more"},
		{iam.WebhookFilter{Verdicts: []string{"narrower", "incomparable", "unknown"}}, "less some"},
		{iam.WebhookFilter{Verdicts: []string{"deprecation"}}, "withdrawn"},
		{iam.WebhookFilter{Verdicts: []string{"new"}}, "first"},
		{iam.WebhookFilter{Policies: []string{"Deployer"}}, "first more withdrawn"},
		{iam.WebhookFilter{Policies: []string{"deployer"}}, ""},
		{iam.WebhookFilter{Policies: []string{"*Access", "New?dmin"}}, "everything less same some"},
		{iam.WebhookFilter{Publishers: []string{"aws"}}, "everything less same some"},
		{iam.WebhookFilter{Publishers: []string{"aws", "platform"}, Services: []string{"s3"}, Verdicts: []string{"new", "narrower"}}, "first less"},
		{iam.WebhookFilter{Escalation: []string{"opens"}}, "more"},
		{iam.WebhookFilter{Escalation: []string{"closes"}}, ""},
		{iam.WebhookFilter{Escalation: []string{"opens", "closes"}, Services: []string{"s3"}}, ""},
		{iam.WebhookFilter{Attached: true}, "first less more same withdrawn"},
		{iam.WebhookFilter{Attached: true, Publishers: []string{"aws"}}, "less same"},
	} {
		var got []string
		for _, name := range []string{"everything", "first", "less", "more", "same", "some", "withdrawn"} {
			if Wants(s, &iam.Webhook{Account: account, Filter: test.f}, entries[name]) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v: %v, want %s", test.f, got, test.want)
		}
	}
	if Wants(s, &iam.Webhook{Account: "444455556666", Filter: iam.WebhookFilter{Attached: true}}, entries["first"]) {
		t.Error("what is attached in another account is in use in this one")
	}
}

// TestAFilterThatCouldNeverMatchIsRefused.
func TestAFilterThatCouldNeverMatchIsRefused(t *testing.T) {
	w := newWorld(t)
	w.publish(iam.Publication{Policy: "Deployer"})
	s := w.current()
	for _, test := range []struct {
		f    iam.WebhookFilter
		want string
	}{
		{iam.WebhookFilter{}, ""},
		{iam.WebhookFilter{Services: []string{"s3", "iam"}, Verdicts: []string{"new"}, Publishers: []string{"aws", "platform"}, Policies: []string{"Deployer", "ReadOnlyAccess", "Yet*"}}, ""},
		{iam.WebhookFilter{Services: []string{"S3"}}, `Services: "S3" is not the first part of an action's name, as in s3.`},
		{iam.WebhookFilter{Services: []string{"s3:GetObject"}}, `Services: "s3:GetObject" is not`},
		{iam.WebhookFilter{Verdicts: []string{"wider"}}, `Verdicts: there is no verdict "wider"; known are new, equivalent, broader, `},
		{iam.WebhookFilter{Publishers: []string{"platfrom"}}, `Publishers: there is no publisher "platfrom".`},
		{iam.WebhookFilter{Policies: []string{"Deploier"}}, `Policies: no managed policy of an owner is called "Deploier"; for one that is yet to come, give a pattern, such as "Deploier*".`},
		{iam.WebhookFilter{Policies: []string{"deployer"}}, `Policies: no managed policy of an owner is called "deployer"`},
		{iam.WebhookFilter{Policies: []string{"a b"}}, `Policies: "a b" is not the name of a policy`},
		{iam.WebhookFilter{Services: make([]string, 101)}, "Services has 101 words; at most 100 are taken."},
	} {
		err := CheckFilter(s, &test.f)
		if (err == nil) != (test.want == "") || err != nil && (!iam.Is(err, iam.ValidationError) || !strings.HasPrefix(err.Error(), "ValidationError: "+test.want)) {
			t.Errorf("%+v: %v", test.f, err)
		}
	}
}
