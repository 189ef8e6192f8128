package writapi

import (
	"context"
	"strings"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/snapshot"
	"github.com/writ-iam/writ/internal/webhook"
)

// A Webhook is a URL that entries of the catalogue's history are sent to. It belongs to the account that created it.
type Webhook struct {
	Name       string
	ARN        string `json:"Arn"`
	URL        string `json:"Url"`
	Filter     WebhookFilter
	CreateDate time.Time
	By         string // ARN of who created it

	Disabled      string     // why nothing is sent; "" if it is
	After         int        // entry up to which there are deliveries
	LastDelivered *time.Time `json:",omitempty"`
	Pending       int        // deliveries that are still attempted
	DeadLetters   int
}

// A WebhookFilter says which entries are sent: those that have one of each list that is not empty.
type WebhookFilter struct {
	Policies   []string `json:",omitempty"` // names, and patterns of names
	Publishers []string `json:",omitempty"`
	Services   []string `json:",omitempty"` // that an entry adds or removes actions of
	Verdicts   []string `json:",omitempty"` // as in the feeds
	Escalation []string `json:",omitempty"` // likewise: "opens", "closes"
	Attached   bool     `json:",omitempty"` // only of policies in use in the account
}

// A Delivery is an entry that was sent to a webhook, or is to be, and was not taken yet.
type Delivery struct {
	MessageID  string    `json:"MessageId"` // the header webhook-id
	Entry      int       // 0 for a test
	PolicyARN  string    `json:"PolicyArn,omitempty"`
	VersionID  string    `json:"VersionId,omitempty"`
	CreateDate time.Time // of the delivery
	Attempts   int
	LastTried  *time.Time `json:",omitempty"`
	Next       *time.Time `json:",omitempty"` // not attempted before; nil for a dead letter
	Status     int        // HTTP status of the last attempt; 0 without an answer
	Error      string     // of the last attempt
}

type CreateWebhookInput struct {
	Name   string
	URL    string `json:"Url"`
	Filter WebhookFilter
}

type CreateWebhookOutput struct {
	Webhook Webhook
	// SigningSecret is shown once: what receivers verify signatures with.
	SigningSecret string
}

type ListWebhooksInput struct{}

type ListWebhooksOutput struct{ Webhooks []Webhook }

type GetWebhookInput struct{ Name string }

type GetWebhookOutput struct {
	Webhook Webhook
	Pending []Delivery // at most 100
}

type DeleteWebhookInput struct{ Name string }

type DeleteWebhookOutput struct{}

type EnableWebhookInput struct{ Name string }

type EnableWebhookOutput struct{ Webhook Webhook }

type TestWebhookInput struct{ Name string }

type TestWebhookOutput struct{ Delivery Delivery }

type ListDeadLettersInput struct {
	Name     string
	After    int // entries after this one, if it is not 0
	MaxItems int // at most 1,000, which 0 stands for
}

type ListDeadLettersOutput struct {
	DeadLetters []Delivery // by entry
	More        bool
}

type RedeliverDeadLetterInput struct {
	Name  string
	Entry int
}

type RedeliverDeadLetterOutput struct{ Delivery Delivery }

var webhooks = []op.Operation{
	op.New("CreateWebhook", createdWebhook, createWebhook),
	op.New("ListWebhooks", onWebhook(func(*ListWebhooksInput) string { return "*" }), listWebhooks),
	op.New("GetWebhook", onWebhook(func(in *GetWebhookInput) string { return in.Name }), getWebhook),
	op.New("DeleteWebhook", onWebhook(func(in *DeleteWebhookInput) string { return in.Name }), deleteWebhook),
	op.New("EnableWebhook", onWebhook(func(in *EnableWebhookInput) string { return in.Name }), enableWebhook),
	op.New("TestWebhook", onWebhook(func(in *TestWebhookInput) string { return in.Name }), testWebhook),
	op.New("ListDeadLetters", onWebhook(func(in *ListDeadLettersInput) string { return in.Name }), listDeadLetters),
	op.New("RedeliverDeadLetter", onWebhook(func(in *RedeliverDeadLetterInput) string { return in.Name }), redeliverDeadLetter),
}

// onWebhook is the target of the operations on webhooks, which are resources of the caller's account.
func onWebhook[In any](name func(*In) string) func(*op.Call, *In) (op.Target, error) {
	return func(c *op.Call, in *In) (op.Target, error) {
		return op.Target{Resource: iam.WebhookARN(c.Account(), name(in))}, nil
	}
}

// createdWebhook is the target of CreateWebhook. A webhook tells entries, and so takes the permission to list them.
func createdWebhook(c *op.Call, in *CreateWebhookInput) (op.Target, error) {
	return op.Target{
		Resource: iam.WebhookARN(c.Account(), in.Name), Also: []op.Target{{Action: "writ:ListCatalogEntries", Resource: "*"}},
	}, nil
}

func createWebhook(ctx context.Context, c *op.Call, in *CreateWebhookInput) (*CreateWebhookOutput, error) {
	if err := webhook.CheckURL(in.URL, c.PrivateWebhooks); err != nil {
		return nil, iam.Errorf(iam.ValidationError, "Url: %v.", err)
	}
	filter := iam.WebhookFilter(in.Filter)
	if err := webhook.CheckFilter(c.State, &filter); err != nil {
		return nil, err
	}
	if c.State.Count("webhook/"+c.Account()+"/") >= iam.MaxWebhooks {
		return nil, iam.Errorf(iam.LimitExceeded, "Cannot exceed quota for WebhooksPerAccount: %d", iam.MaxWebhooks)
	}
	secret := webhook.NewSecret(c.Rand)
	w := &iam.Webhook{
		Account: c.Account(), Name: in.Name, ID: strings.ToLower(c.NewID("wh-")), URL: in.URL, Filter: filter,
		Created: c.Time.UTC().Truncate(time.Second), By: c.Caller.ARN,
	}
	w.Sealed = c.Keys.SealSecret(w.ID, secret)
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.CreateWebhook(tx, w) }); err != nil {
		return nil, err
	}
	return &CreateWebhookOutput{webhookOut(c.State, w), secret}, nil
}

// webhookNamed returns the account's webhook of a name.
func webhookNamed(c *op.Call, name string) (*iam.Webhook, error) {
	if w := snapshot.Get[iam.Webhook](c.State, iam.WebhookKey(c.Account(), name)); w != nil && w.Name == name {
		return w, nil
	}
	return nil, iam.Errorf(iam.NoSuchEntity, iam.NoWebhook, name)
}

func listWebhooks(_ context.Context, c *op.Call, _ *ListWebhooksInput) (*ListWebhooksOutput, error) {
	out := &ListWebhooksOutput{Webhooks: []Webhook{}}
	for _, r := range c.State.List("webhook/"+c.Account()+"/", "") {
		out.Webhooks = append(out.Webhooks, webhookOut(c.State, r.(*iam.Webhook)))
	}
	return out, nil
}

// maxPending is how many deliveries GetWebhook lists.
const maxPending = 100

func getWebhook(_ context.Context, c *op.Call, in *GetWebhookInput) (*GetWebhookOutput, error) {
	w, err := webhookNamed(c, in.Name)
	if err != nil {
		return nil, err
	}
	out := &GetWebhookOutput{Webhook: webhookOut(c.State, w), Pending: []Delivery{}}
	for _, r := range c.State.List(iam.DeliveriesPrefix(w.Account, w.Name), "") {
		if len(out.Pending) == maxPending {
			break
		}
		out.Pending = append(out.Pending, deliveryOut(c.State, w, r.(*iam.Delivery)))
	}
	return out, nil
}

// deleteWebhook removes a webhook with all that waits for it: some at a time, and the webhook last.
func deleteWebhook(ctx context.Context, c *op.Call, in *DeleteWebhookInput) (*DeleteWebhookOutput, error) {
	for done := false; !done; {
		if err := c.Update(ctx, func(tx iam.Txn) (err error) {
			done, err = iam.DeleteWebhook(tx, c.Account(), in.Name)
			return err
		}); err != nil {
			return nil, err
		}
	}
	return &DeleteWebhookOutput{}, nil
}

func enableWebhook(ctx context.Context, c *op.Call, in *EnableWebhookInput) (*EnableWebhookOutput, error) {
	if err := c.Update(ctx, func(tx iam.Txn) error { return iam.EnableWebhook(tx, c.Account(), in.Name) }); err != nil {
		return nil, err
	}
	w, err := webhookNamed(c, in.Name)
	if err != nil { // deleted since
		return nil, err
	}
	return &EnableWebhookOutput{webhookOut(c.State, w)}, nil
}

func testWebhook(ctx context.Context, c *op.Call, in *TestWebhookInput) (*TestWebhookOutput, error) {
	d, w, err := deliver(ctx, c, in.Name, func(tx iam.Txn) (*iam.Delivery, error) {
		return iam.TestWebhook(tx, c.Account(), in.Name, c.Time.UTC().Truncate(time.Millisecond))
	})
	if err != nil {
		return nil, err
	}
	return &TestWebhookOutput{deliveryOut(c.State, w, d)}, nil
}

func redeliverDeadLetter(ctx context.Context, c *op.Call, in *RedeliverDeadLetterInput) (*RedeliverDeadLetterOutput, error) {
	d, w, err := deliver(ctx, c, in.Name, func(tx iam.Txn) (*iam.Delivery, error) {
		return iam.Redeliver(tx, c.Account(), in.Name, in.Entry, c.Time.UTC().Truncate(time.Millisecond))
	})
	if err != nil {
		return nil, err
	}
	return &RedeliverDeadLetterOutput{deliveryOut(c.State, w, d)}, nil
}

// deliver makes a delivery in a transaction.
func deliver(ctx context.Context, c *op.Call, name string, fn func(iam.Txn) (*iam.Delivery, error)) (d *iam.Delivery, w *iam.Webhook, err error) {
	if w, err = webhookNamed(c, name); err != nil {
		return nil, nil, err
	}
	err = c.Update(ctx, func(tx iam.Txn) (err error) {
		d, err = fn(tx)
		return err
	})
	return d, w, err
}

func listDeadLetters(_ context.Context, c *op.Call, in *ListDeadLettersInput) (*ListDeadLettersOutput, error) {
	w, err := webhookNamed(c, in.Name)
	if err != nil {
		return nil, err
	}
	limit := in.MaxItems
	if limit <= 0 || limit > maxEntries {
		limit = maxEntries
	}
	after := ""
	if in.After > 0 {
		after = iam.DeadLetterKey(w.Account, w.Name, in.After)
	}
	out := &ListDeadLettersOutput{DeadLetters: []Delivery{}}
	for _, r := range c.State.List(iam.DeadLettersPrefix(w.Account, w.Name), after) {
		if out.More = len(out.DeadLetters) == limit; out.More {
			break
		}
		d := deliveryOut(c.State, w, &r.(*iam.DeadLetter).Delivery)
		d.Next = nil
		out.DeadLetters = append(out.DeadLetters, d)
	}
	return out, nil
}

func webhookOut(s *snapshot.Snapshot, w *iam.Webhook) Webhook {
	out := Webhook{
		Name: w.Name, ARN: iam.WebhookARN(w.Account, w.Name), URL: w.URL, Filter: WebhookFilter(w.Filter), CreateDate: w.Created, By: w.By,
		Disabled: w.Disabled,
	}
	if c := snapshot.Get[iam.WebhookCursor](s, iam.WebhookCursorKey(w.Account, w.Name)); c != nil {
		out.After, out.LastDelivered = c.After, known(c.Delivered)
	}
	for range s.List(iam.DeliveriesPrefix(w.Account, w.Name), "") {
		out.Pending++
	}
	for range s.List(iam.DeadLettersPrefix(w.Account, w.Name), "") {
		out.DeadLetters++
	}
	return out
}

func deliveryOut(s *snapshot.Snapshot, w *iam.Webhook, d *iam.Delivery) Delivery {
	p := snapshot.Get[iam.Publication](s, iam.PublicationKey(d.Entry))
	out := Delivery{
		MessageID: w.Message(d, p), Entry: d.Entry, CreateDate: d.Made, Attempts: d.Attempts, LastTried: known(d.Tried), Next: known(d.Next),
		Status: d.Status, Error: d.Error,
	}
	if p != nil {
		out.PolicyARN, out.VersionID = p.ARN(), p.Version
	}
	return out
}

// known returns a time, or nil for none.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
