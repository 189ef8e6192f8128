package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writ-iam/writ/internal/feeds"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/writapi"
)

const webhookHelp = `Have a server send what owners publish to a URL, as they publish it.

A webhook belongs to the account of the credentials. What is published after its creation is sent by
POST as JSON, signed as Standard Webhooks has it (https://www.standardwebhooks.com), so that receivers
verify it with a library that exists. Flags of create say which entries it asks for, in the words of
the feeds.

An entry is sent until it is taken, at least once: receivers know one that they had by its webhook-id.
What is not taken in ten attempts within three days is a dead letter, which can be sent again. URLs are
https and lead to public addresses, unless writ serve --webhook-allow-private says otherwise.`

const webhookExamples = `  writ catalog webhook create losses --url https://hooks.example/writ --verdict narrower,incomparable,unknown
  writ catalog webhook list
  writ catalog webhook show losses
  writ catalog webhook test losses
  writ catalog webhook dead-letters losses
  writ catalog webhook delete losses`

func (p *program) catalogWebhook() *cobra.Command {
	c := &cobra.Command{
		Use:     "webhook",
		Short:   "Have a server send what owners publish to a URL",
		Long:    webhookHelp,
		Example: webhookExamples,
	}
	f := newClientFlags(c)
	c.AddCommand(p.webhookCreate(f), p.webhookList(f), p.webhookShow(f), p.webhookTest(f), p.webhookDeadLetters(f), p.webhookRedeliver(f),
		p.webhookEnable(f), p.webhookDelete(f))
	return c
}

// webhookJSON is a webhook in JSON.
type webhookJSON struct {
	Name          string         `json:"name"`
	ARN           string         `json:"arn"`
	URL           string         `json:"url"`
	Filter        filterJSON     `json:"filter"`
	Created       time.Time      `json:"created"`
	CreatedBy     string         `json:"createdBy"`
	Disabled      string         `json:"disabled,omitempty"` // why nothing is sent
	After         int            `json:"after"`              // entry up to which there are deliveries
	LastDelivered *time.Time     `json:"lastDelivered"`
	Pending       int            `json:"pending"`
	DeadLetters   int            `json:"deadLetters"`
	Deliveries    []deliveryJSON `json:"deliveries,omitempty"`    // that are pending
	SigningSecret string         `json:"signingSecret,omitempty"` // of one that was just created
}

// filterJSON is a webhook's filter in JSON. Lists that are empty are left out.
type filterJSON struct {
	Policies   []string `json:"policies,omitempty"`
	Publishers []string `json:"publishers,omitempty"`
	Services   []string `json:"services,omitempty"`
	Verdicts   []string `json:"verdicts,omitempty"`
	Escalation []string `json:"escalation,omitempty"`
	Attached   bool     `json:"attached,omitempty"`
}

// deliveryJSON is a delivery in JSON, pending or dead.
type deliveryJSON struct {
	MessageID string     `json:"messageId"`
	Entry     int        `json:"entry"` // 0 for a test
	ARN       string     `json:"arn,omitempty"`
	Version   string     `json:"version,omitempty"`
	Created   time.Time  `json:"created"`
	Attempts  int        `json:"attempts"`
	LastTried *time.Time `json:"lastTried"`
	Next      *time.Time `json:"next,omitempty"`
	Status    int        `json:"status,omitempty"`
	Error     string     `json:"error,omitempty"`
}

func newWebhookJSON(w *writapi.Webhook) webhookJSON {
	return webhookJSON{
		Name: w.Name, ARN: w.ARN, URL: w.URL, Filter: filterJSON(w.Filter), Created: w.CreateDate, CreatedBy: w.By, Disabled: w.Disabled,
		After: w.After, LastDelivered: w.LastDelivered, Pending: w.Pending, DeadLetters: w.DeadLetters,
	}
}

func newDeliveryJSON(d *writapi.Delivery) deliveryJSON {
	return deliveryJSON{d.MessageID, d.Entry, d.PolicyARN, d.VersionID, d.CreateDate, d.Attempts, d.LastTried, d.Next, d.Status, d.Error}
}

// asks puts a filter into words.
func asks(f *writapi.WebhookFilter) string {
	var words []string
	for _, list := range []struct {
		name  string
		words []string
	}{{"policy", f.Policies}, {"publisher", f.Publishers}, {"service", f.Services}, {"verdict", f.Verdicts}, {"escalation", f.Escalation}} {
		if len(list.words) > 0 {
			words = append(words, list.name+"="+strings.Join(list.words, ","))
		}
	}
	if f.Attached {
		words = append(words, "attached=true")
	}
	if len(words) == 0 {
		return "all entries"
	}
	return strings.Join(words, " ")
}

// stands says how a webhook is.
func stands(w *writapi.Webhook) string {
	var words []string
	for _, count := range []struct {
		n    int
		what string
	}{{w.Pending, "pending"}, {w.DeadLetters, "dead"}} {
		if count.n > 0 {
			words = append(words, fmt.Sprint(count.n, " ", count.what))
		}
	}
	if w.Disabled != "" {
		words = append(words, "disabled")
	}
	if len(words) == 0 {
		return "up to date"
	}
	return strings.Join(words, ", ")
}

// subject names what a delivery is of.
func subject(d *writapi.Delivery) string {
	if d.Entry == 0 {
		return "a test"
	}
	return d.PolicyARN[strings.LastIndexByte(d.PolicyARN, '/')+1:] + "@" + d.VersionID
}

func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

func (p *program) webhookCreate(f *clientFlags) *cobra.Command {
	var url, policies, publishers, services, verdicts, escalation once
	var attached bool
	c := p.serviceCommand(f, &cobra.Command{
		Use:   "create NAME --url URL",
		Short: "Have what is published sent to a URL",
		Long: `Have what is published from now on sent to a URL, and print the secret by which its receiver verifies
signatures. The secret is not shown again.

The flags say which entries are sent: those that have one of the words of each flag that is given. It
takes the permissions writ:CreateWebhook and writ:ListCatalogEntries.`,
		Example: `  writ catalog webhook create chat --url https://hooks.example/writ
  writ catalog webhook create losses-in-use --url https://hooks.example/writ --verdict narrower,incomparable,unknown --attached
  writ catalog webhook create storage --url https://hooks.example/writ --service s3,backup --policy "*ReadOnly*" --json`,
		Args: arguments("NAME"),
	}, func(c *client, args []string) error {
		if !url.given() {
			return errors.New("--url is missing; expected where to send entries to, as in https://hooks.example/writ")
		}
		in := writapi.CreateWebhookInput{Name: args[0], URL: url.text, Filter: writapi.WebhookFilter{
			Policies: policies.list(), Publishers: publishers.list(), Services: services.list(), Verdicts: verdicts.list(), Escalation: escalation.list(), Attached: attached,
		}}
		out, err := callWrit[writapi.CreateWebhookOutput](c, "CreateWebhook", in)
		if err != nil {
			return err
		}
		if c.json {
			j := newWebhookJSON(&out.Webhook)
			j.SigningSecret = out.SigningSecret
			return c.printJSON(j)
		}
		c.print("webhook  %s  %s", printable(out.Webhook.Name), printable(out.Webhook.URL))
		c.print("  sends   %s", printable(asks(&out.Webhook.Filter)))
		c.print("  secret  %s  (it is not shown again)", printable(out.SigningSecret))
		c.print("  next    writ catalog webhook test %s", printable(out.Webhook.Name))
		return nil
	})
	c.Flags().Var(&url, "url", "`URL` that entries are sent to")
	c.Flags().Var(&policies, "policy", "only entries of policies with these `names`, or with names of these patterns, separated by commas")
	c.Flags().Var(&publishers, "publisher", "only entries of these `owners`, separated by commas")
	c.Flags().Var(&services, "service", "only entries that add or remove actions of these `services`, separated by commas")
	c.Flags().Var(&verdicts, "verdict", "only entries with one of these `verdicts`, separated by commas: "+strings.Join(feeds.Verdicts, ", "))
	c.Flags().BoolVar(&attached, "attached", false, "only entries of policies that are attached, or a boundary, in the account")
	c.Flags().Var(&escalation, "escalation", "only entries that do one of these `words` to methods of privilege escalation: "+strings.Join(history.EscalationWords, ", "))
	mustComplete(c, "verdict", completeWords(feeds.Verdicts...))
	mustComplete(c, "escalation", completeWords(history.EscalationWords...))
	return c
}

// list returns the words of a flag that are separated by commas.
func (o *once) list() []string {
	if !o.given() {
		return nil
	}
	return strings.Split(o.text, ",")
}

func (p *program) webhookList(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:   "list",
		Short: "List the account's webhooks",
		Long:  "List the account's webhooks: name, what waits for it, URL, and which entries are sent.",
		Example: `  writ catalog webhook list
  writ catalog webhook list --json`,
		Args: arguments(),
	}, func(c *client, _ []string) error {
		out, err := callWrit[writapi.ListWebhooksOutput](c, "ListWebhooks", writapi.ListWebhooksInput{})
		if err != nil {
			return err
		}
		list := []webhookJSON{}
		var rows [][]string
		for i := range out.Webhooks {
			w := &out.Webhooks[i]
			list = append(list, newWebhookJSON(w))
			rows = append(rows, []string{w.Name, stands(w), w.URL, asks(&w.Filter)})
		}
		if c.json {
			return c.printJSON(list)
		}
		for _, line := range aligned(rows) {
			c.print("%s", printable(line))
		}
		return nil
	})
}

func (p *program) webhookShow(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:   "show NAME",
		Short: "Show a webhook, and what was not taken yet",
		Long:  "Show a webhook: its URL, which entries are sent, and those that were not taken yet and are attempted again.",
		Example: `  writ catalog webhook show losses
  writ catalog webhook show losses --json`,
		Args: arguments("NAME"),
	}, func(c *client, args []string) error {
		out, err := callWrit[writapi.GetWebhookOutput](c, "GetWebhook", writapi.GetWebhookInput{Name: args[0]})
		if err != nil {
			return err
		}
		w := &out.Webhook
		if c.json {
			j := newWebhookJSON(w)
			for i := range out.Pending {
				j.Deliveries = append(j.Deliveries, newDeliveryJSON(&out.Pending[i]))
			}
			return c.printJSON(j)
		}
		c.print("%s  %s", printable(w.Name), printable(w.URL))
		c.print("  arn        %s", printable(w.ARN))
		c.print("  sends      %s", printable(asks(&w.Filter)))
		c.print("  created    %s  by %s", moment(&w.CreateDate), printable(w.By))
		c.print("  delivered  %s", moment(w.LastDelivered))
		for i := range out.Pending {
			d := &out.Pending[i]
			text := fmt.Sprintf("entry %d  %s  attempt %d at %s", d.Entry, subject(d), d.Attempts+1, moment(d.Next))
			if d.Error != "" {
				text += "  (" + d.Error + ")"
			}
			c.print("  pending    %s", printable(text))
		}
		if n := w.Pending - len(out.Pending); n > 0 {
			c.print("  pending    and %d more", n)
		}
		if w.DeadLetters > 0 {
			c.print("  dead       %d", w.DeadLetters)
		}
		switch {
		case w.Disabled != "":
			c.print("  disabled   %s", printable(w.Disabled))
			c.print("  next       writ catalog webhook enable %s", printable(w.Name))
		case w.DeadLetters > 0:
			c.print("  next       writ catalog webhook dead-letters %s", printable(w.Name))
		}
		return nil
	})
}

func (p *program) webhookTest(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:   "test NAME",
		Short: "Send a test to a webhook's URL",
		Long: `Send a test to a webhook's URL: a message of the type webhook.test, signed as all are. It is attempted
once; if it is not taken, it is among the dead letters, with the reason.`,
		Example: `  writ catalog webhook test losses`,
		Args:    arguments("NAME"),
	}, func(c *client, args []string) error {
		out, err := callWrit[writapi.TestWebhookOutput](c, "TestWebhook", writapi.TestWebhookInput{Name: args[0]})
		if err != nil {
			return err
		}
		return c.done(newDeliveryJSON(&out.Delivery), []string{"writ", "catalog", "webhook", "show", args[0]}, "sending", out.Delivery.MessageID)
	})
}

func (p *program) webhookDeadLetters(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:   "dead-letters NAME",
		Short: "List what a webhook's URL did not take",
		Long: `List what a webhook's URL did not take, and is attempted no more: the number of the entry, policy and
version, the last attempt, how many there were, and why the last one failed. With --json, a line of JSON each.`,
		Example: `  writ catalog webhook dead-letters losses
  writ catalog webhook dead-letters losses --json`,
		Args: arguments("NAME"),
	}, func(c *client, args []string) error {
		letters, err := c.deadLetters(args[0])
		if err != nil {
			return err
		}
		var rows [][]string
		for i := range letters {
			d := &letters[i]
			if c.json {
				if err := c.printJSON(newDeliveryJSON(d)); err != nil {
					return err
				}
				continue
			}
			rows = append(rows, []string{strconv.Itoa(d.Entry), subject(d), moment(d.LastTried), attempts(d.Attempts), d.Error})
		}
		for _, line := range aligned(rows) {
			c.print("%s", printable(line))
		}
		if len(rows) > 0 {
			c.print("  next  writ catalog webhook redeliver %s --all", printable(args[0]))
		}
		return nil
	})
}

func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprint(n, " attempts")
}

// deadLetters are all of a webhook.
func (c *client) deadLetters(webhook string) (all []writapi.Delivery, err error) {
	for in := (writapi.ListDeadLettersInput{Name: webhook}); ; {
		out, err := callWrit[writapi.ListDeadLettersOutput](c, "ListDeadLetters", in)
		if err != nil {
			return nil, err
		}
		if all = append(all, out.DeadLetters...); !out.More {
			return all, nil
		}
		in.After = all[len(all)-1].Entry
	}
}

func (p *program) webhookRedeliver(f *clientFlags) *cobra.Command {
	var everything bool
	c := p.serviceCommand(f, &cobra.Command{
		Use:   "redeliver NAME (ENTRY… | --all)",
		Short: "Send dead letters again",
		Long: `Send dead letters again, as if they had not been attempted: by the numbers of their entries, or all. They
have the webhook-id that they had, so that a receiver knows what it took after all.`,
		Example: `  writ catalog webhook redeliver losses 1
  writ catalog webhook redeliver losses --all`,
		Args: cobra.ArbitraryArgs,
	}, func(c *client, args []string) error {
		entries, err := c.toRedeliver(args, everything)
		if err != nil {
			return err
		}
		for _, entry := range entries {
			in := writapi.RedeliverDeadLetterInput{Name: args[0], Entry: entry}
			out, err := callWrit[writapi.RedeliverDeadLetterOutput](c, "RedeliverDeadLetter", in)
			if err != nil {
				return err
			}
			if err := c.done(newDeliveryJSON(&out.Delivery), nil, "sending", out.Delivery.MessageID, subject(&out.Delivery)); err != nil {
				return err
			}
		}
		switch {
		case c.json:
		case len(entries) == 0:
			c.print("nothing  webhook %s has no dead letters", printable(args[0]))
		default:
			c.print("  next  writ catalog webhook show %s", shellQuoted(args[:1]))
		}
		return nil
	})
	c.Flags().BoolVar(&everything, "all", false, "all dead letters of the webhook")
	return c
}

// toRedeliver are the entries that arguments name.
func (c *client) toRedeliver(args []string, all bool) (entries []int, err error) {
	switch {
	case len(args) == 0:
		return nil, errors.New("NAME is missing; expected a webhook, as writ catalog webhook list has it")
	case all && len(args) > 1:
		return nil, errors.New("entries and --all do not go together")
	case !all && len(args) == 1:
		return nil, errors.New("ENTRY is missing; expected the numbers of entries, as dead-letters has them, or --all")
	case all:
		letters, err := c.deadLetters(args[0])
		for _, d := range letters {
			entries = append(entries, d.Entry)
		}
		return entries, err
	}
	for _, text := range args[1:] {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is not the number of an entry", text)
		}
		entries = append(entries, n)
	}
	return entries, nil
}

func (p *program) webhookEnable(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:   "enable NAME",
		Short: "Send to a webhook again that was disabled",
		Long: `Send to a webhook again that was disabled since its receiver answered 410 Gone. What was published in the
meantime is sent, too.`,
		Example: `  writ catalog webhook enable losses`,
		Args:    arguments("NAME"),
	}, func(c *client, args []string) error {
		out, err := callWrit[writapi.EnableWebhookOutput](c, "EnableWebhook", writapi.EnableWebhookInput{Name: args[0]})
		if err != nil {
			return err
		}
		return c.done(newWebhookJSON(&out.Webhook), []string{"writ", "catalog", "webhook", "show", args[0]}, "enabled", "webhook", args[0])
	})
}

func (p *program) webhookDelete(f *clientFlags) *cobra.Command {
	return p.serviceCommand(f, &cobra.Command{
		Use:     "delete NAME",
		Short:   "Delete a webhook",
		Long:    `Delete a webhook, with what was not taken yet and with its dead letters.`,
		Example: `  writ catalog webhook delete losses`,
		Args:    arguments("NAME"),
	}, func(c *client, args []string) error {
		if _, err := callWrit[writapi.DeleteWebhookOutput](c, "DeleteWebhook", writapi.DeleteWebhookInput{Name: args[0]}); err != nil {
			return err
		}
		return c.done(map[string]string{"deleted": args[0]}, nil, "deleted", "webhook", args[0])
	})
}
