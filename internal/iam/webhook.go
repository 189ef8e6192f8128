package iam

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// This file has the laws of webhooks: of what was published, each entry that a webhook asks for is sent to its URL, at least
// once, or ends among its dead letters. The history is what is to be sent, so that nothing is written when an entry is published:
// a cursor says up to which entry deliveries were made for a webhook, and is moved in the transaction that makes them.
//
// Deliveries are attempted by whoever holds the webhook's claim, one at a time. A claim has no date, since clocks differ: whoever
// sees the same claim for longer than an attempt can take may put its own in the place. Who lost a claim can no longer settle what
// it attempted; then the entry is sent once more, under the same id.

// A Webhook is an address that entries of the catalogue's history are sent to.
type Webhook struct {
	Account  string
	Name     string
	ID       string // wh-…: a namesake that comes later has another
	URL      string
	Filter   WebhookFilter
	Created  time.Time
	By       string `json:",omitempty"` // ARN of who created it
	Sealed   []byte // the signing secret, encrypted
	Disabled string `json:",omitempty"` // why nothing is sent; "" if it is
}

// A WebhookFilter says which entries a webhook asks for: those that have one of each list that is not empty.
type WebhookFilter struct {
	Policies   []string `json:",omitempty"` // names, and patterns of names
	Publishers []string `json:",omitempty"`
	Services   []string `json:",omitempty"` // that an entry adds or removes actions of
	Verdicts   []string `json:",omitempty"`
	Escalation []string `json:",omitempty"` // "opens", "closes": methods of privilege escalation
	Attached   bool     `json:",omitempty"` // only of policies in use in the webhook's account
}

// A WebhookCursor says how far a webhook is.
type WebhookCursor struct {
	Account   string
	Webhook   string
	After     int       // entry up to which there are deliveries
	Claim     string    `json:",omitempty"` // of who attempts them now
	Delivered time.Time // when the last one was
}

// A Delivery is an entry that is to be sent to a webhook.
type Delivery struct {
	Account  string
	Webhook  string
	Entry    int // 0 for a test
	Made     time.Time
	Attempts int       // so far
	Next     time.Time // not attempted before
	Tried    time.Time // the last attempt; zero if there was none
	Status   int       `json:",omitempty"` // HTTP status of the last attempt; 0 if there was no answer
	Error    string    `json:",omitempty"` // why the last attempt failed
}

// A DeadLetter is a delivery that is attempted no more.
type DeadLetter struct{ Delivery }

// MaxWebhooks is how many webhooks an account may have.
const MaxWebhooks = 50

func WebhookKey(account, name string) string       { return named("webhook", account, name) }
func WebhookCursorKey(account, name string) string { return named("webhookcursor", account, name) }

// DeliveriesPrefix and DeadLettersPrefix are what the keys of a webhook's begin with.
func DeliveriesPrefix(account, webhook string) string {
	return named("delivery", account, webhook) + "/"
}
func DeadLettersPrefix(account, webhook string) string {
	return named("deadletter", account, webhook) + "/"
}

func DeliveryKey(account, webhook string, entry int) string {
	return fmt.Sprintf("%s%010d", DeliveriesPrefix(account, webhook), entry)
}

func DeadLetterKey(account, webhook string, entry int) string {
	return fmt.Sprintf("%s%010d", DeadLettersPrefix(account, webhook), entry)
}

func (w *Webhook) Key() string       { return WebhookKey(w.Account, w.Name) }
func (c *WebhookCursor) Key() string { return WebhookCursorKey(c.Account, c.Webhook) }
func (d *Delivery) Key() string      { return DeliveryKey(d.Account, d.Webhook, d.Entry) }
func (d *DeadLetter) Key() string    { return DeadLetterKey(d.Account, d.Webhook, d.Entry) }

// WebhookARN returns the ARN of an account's webhook.
func WebhookARN(account, name string) string { return "arn:aws:writ::" + account + ":webhook/" + name }

// Message is the id of what is sent of an entry, or of a test, for which p is nil: the same in each attempt, and of no other message.
// The entry's number would not do: after a backup was restored, another entry may have it.
func (w *Webhook) Message(d *Delivery, p *Publication) string {
	if p == nil {
		return fmt.Sprintf("msg_%s_test_%d", w.ID, d.Made.UnixMilli())
	}
	return fmt.Sprintf("msg_%s_%d_%d", w.ID, p.Entry, p.Time.Unix())
}

var webhookForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// NoWebhook is the message for a webhook that is not there.
const NoWebhook = "Webhook %s does not exist."

// CreateWebhook adds a webhook. It gets what is published from then on.
func CreateWebhook(tx Txn, w *Webhook) error {
	if !webhookForm.MatchString(w.Name) {
		return Errorf(ValidationError, "Name must be of 1 to 64 small letters, digits and hyphens.")
	}
	head, err := Get[CatalogHead](tx, (*CatalogHead)(nil).Key())
	if err != nil {
		return err
	}
	cursor := &WebhookCursor{Account: w.Account, Webhook: w.Name}
	if head != nil {
		cursor.After = head.Entries
	}
	tx.Put(cursor)
	return create(tx, w, "Webhook %s already exists.", w.Name)
}

// GetWebhook reads a webhook.
func GetWebhook(tx Txn, account, name string) (*Webhook, error) {
	return need[Webhook](tx, WebhookKey(account, name), NoWebhook, name)
}

// EnableWebhook ends that nothing is sent: what was published meanwhile is.
func EnableWebhook(tx Txn, account, name string) error {
	w, err := GetWebhook(tx, account, name)
	if err == nil && w.Disabled != "" {
		w.Disabled = ""
		tx.Put(w)
	}
	return err
}

// maxDeleted is how many deliveries and dead letters one transaction deletes.
const maxDeleted = 500

// DeleteWebhook removes some of a webhook's deliveries and dead letters. If it was the last of them, it removes the webhook, too,
// and reports that it is done.
func DeleteWebhook(tx Txn, account, name string) (done bool, err error) {
	w, err := GetWebhook(tx, account, name)
	if err != nil {
		return false, err
	}
	n := 0
	for _, prefix := range []string{DeliveriesPrefix(account, name), DeadLettersPrefix(account, name)} {
		for stored, err := range tx.store.List(prefix) {
			if err != nil {
				return false, err
			}
			if n == maxDeleted {
				return false, nil
			}
			n++
			tx.store.Delete(stored.Key)
		}
	}
	tx.Delete(w)
	tx.store.Delete(WebhookCursorKey(account, name))
	return true, nil
}

// TestWebhook makes a delivery of no entry.
func TestWebhook(tx Txn, account, name string, now time.Time) (*Delivery, error) {
	if _, err := enabled(tx, account, name); err != nil {
		return nil, err
	}
	d := &Delivery{Account: account, Webhook: name, Made: now, Next: now}
	tx.store.Delete(DeadLetterKey(account, name, 0))
	tx.Put(d)
	return d, nil
}

// Redeliver makes a delivery of a dead letter, as if it had not been attempted.
func Redeliver(tx Txn, account, name string, entry int, now time.Time) (*Delivery, error) {
	if _, err := enabled(tx, account, name); err != nil {
		return nil, err
	}
	dead, err := need[DeadLetter](tx, DeadLetterKey(account, name, entry), "Webhook %s has no dead letter of entry %d.", name, entry)
	if err != nil {
		return nil, err
	}
	tx.Delete(dead)
	d := dead.Delivery
	d.Attempts, d.Next = 0, now
	tx.Put(&d)
	return &d, nil
}

func enabled(tx Txn, account, name string) (*Webhook, error) {
	w, err := GetWebhook(tx, account, name)
	if err == nil && w.Disabled != "" {
		err = Errorf(EntityTemporarilyUnmodifable, "Webhook %s is disabled (%s): enable it first.", name, strings.TrimSuffix(w.Disabled, "."))
	}
	return w, err
}

// A Turn is one deliverer's work on a webhook. It may go on as long as the claim is the one that it was.
type Turn struct {
	Account string
	Webhook string
	Was     string // the claim that is there: this deliverer's own, "", or one that was there for too long
	Claim   string // the claim after the next transaction; "" gives it up
}

// claimed is the message for who does not have the claim, or not any more.
const claimed = "Another deliverer has webhook %s."

// take holds the claim that a turn expects against the one that is there.
func (t *Turn) take(tx Txn) (*Webhook, *WebhookCursor, error) {
	w, err := enabled(tx, t.Account, t.Webhook)
	if err != nil {
		return nil, nil, err
	}
	c, err := need[WebhookCursor](tx, WebhookCursorKey(t.Account, t.Webhook), NoWebhook, t.Webhook)
	if err == nil && c.Claim != t.Was {
		err = Errorf(ConcurrentModification, claimed, t.Webhook)
	}
	if err != nil {
		return nil, nil, err
	}
	c.Claim = t.Claim
	return w, c, nil
}

// ClaimWebhook puts the turn's claim in the place of the one that was there.
func ClaimWebhook(tx Txn, t Turn) error {
	_, c, err := t.take(tx)
	if err == nil {
		tx.Put(c)
	}
	return err
}

// AdvanceWebhook moves a webhook's cursor, and makes the deliveries of those entries on the way that it asks for.
func AdvanceWebhook(tx Txn, t Turn, from, to int, entries []int, now time.Time) error {
	_, c, err := t.take(tx)
	if err == nil && c.After != from {
		err = Errorf(ConcurrentModification, claimed, t.Webhook)
	}
	if err != nil {
		return err
	}
	c.After = to
	tx.Put(c)
	for _, entry := range entries {
		tx.Put(&Delivery{Account: t.Account, Webhook: t.Webhook, Entry: entry, Made: now, Next: now})
	}
	return nil
}

// An Attempt is what came of one.
type Attempt struct {
	Time      time.Time
	Delivered bool
	Status    int       // of HTTP; 0 without an answer
	Error     string    // why it failed
	Next      time.Time // of the next attempt; zero if there is none, and the delivery is a dead letter
	Disable   string    // why nothing more is to be sent to the webhook; "" if that may go on
}

// SettleDelivery enters what came of an attempt.
func SettleDelivery(tx Txn, t Turn, d *Delivery, a Attempt) error {
	w, c, err := t.take(tx)
	if err != nil {
		return err
	}
	there, err := Get[Delivery](tx, d.Key())
	if err != nil {
		return err
	}
	if a.Delivered {
		c.Delivered = a.Time
	}
	tx.Put(c)
	if a.Disable != "" {
		w.Disabled = a.Disable
		tx.Put(w)
	}
	if there == nil || !there.Made.Equal(d.Made) { // another test, meanwhile
		return nil
	}
	there.Attempts++
	there.Tried, there.Status, there.Error, there.Next = a.Time, a.Status, a.Error, a.Next
	switch {
	case a.Delivered:
		tx.Delete(there)
	case a.Next.IsZero():
		tx.Delete(there)
		tx.Put(&DeadLetter{*there})
	default:
		tx.Put(there)
	}
	return nil
}
