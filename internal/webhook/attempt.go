package webhook

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/snapshot"
)

// delays are the times between attempts, as the specification proposes them: ten attempts in a little more than three days.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
var delays = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	jitter   = 0.2            // of a delay, at most
	maxDelay = 24 * time.Hour // that Retry-After may ask for
	maxRead  = 16 << 10       // bytes of an answer's body, which says nothing that counts
)

// attempt sends a delivery, and says what came of it.
func (d *Deliverer) attempt(ctx context.Context, w *iam.Webhook, p *iam.Delivery) iam.Attempt {
	a := iam.Attempt{}
	retryAfter, err := d.send(ctx, w, p, &a)
	now := d.Now()
	a.Time = utc(now)
	switch n := p.Attempts; {
	case err == nil:
		a.Delivered = true
		return a
	case a.Status == http.StatusGone:
		a.Disable = "its receiver answered 410 Gone on " + a.Time.Format(time.RFC3339)
	case p.Entry > 0 && n < len(delays): // a test is attempted once
		a.Next = utc(now.Add(max(d.scattered(delays[n]), min(retryAfter, maxDelay))))
	}
	a.Error = reason(err)
	return a
}

// scattered makes a delay somewhat longer or shorter, so that what failed at once is not attempted again at once.
func (d *Deliverer) scattered(delay time.Duration) time.Duration {
	var b [8]byte
	if _, err := io.ReadFull(d.Rand, b[:]); err != nil {
		panic("webhook: no randomness: " + err.Error())
	}
	dice := float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53) // from 0 to before 1
	return time.Duration(float64(delay) * (1 + jitter*(2*dice-1)))
}

// A failure is why an attempt failed, in words for the webhook's owner.
type failure string

func (f failure) Error() string { return string(f) }

// send sends a delivery once. It returns an error unless it was taken, and how long the receiver asked to be left alone.
func (d *Deliverer) send(ctx context.Context, w *iam.Webhook, p *iam.Delivery, a *iam.Attempt) (time.Duration, error) {
	if err := CheckURL(w.URL, d.Private); err != nil { // the operator may have changed what is allowed
		return 0, failure("the URL is not allowed: " + err.Error())
	}
	entry := snapshot.Get[iam.Publication](d.Live.Current(), iam.PublicationKey(p.Entry))
	if entry == nil && p.Entry > 0 {
		return 0, failure("the entry is not in the history")
	}
	body, err := body(w, p, entry)
	if err != nil {
		return 0, err
	}
	secret, err := d.Keys.OpenSecret(w.ID, w.Sealed)
	if err != nil {
		return 0, failure(err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return 0, failure("the URL cannot be used")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Writ-Webhooks")
	if err := sign(r.Header, secret, w.Message(p, entry), d.Now(), body); err != nil {
		return 0, err
	}
	resp, err := d.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxRead)) // so that the connection can be used again
	a.Status = resp.StatusCode
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return 0, nil
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return 0, failure(fmt.Sprintf("the answer is a redirect (%s), which is not followed", status(resp)))
	}
	return wait(resp.Header.Get("Retry-After"), d.Now()), failure("the answer is " + status(resp))
}

// status is the status of an answer in words that are not the receiver's.
func status(resp *http.Response) string {
	if text := http.StatusText(resp.StatusCode); text != "" {
		return fmt.Sprint(resp.StatusCode, " ", text)
	}
	return strconv.Itoa(resp.StatusCode)
}

// wait reads a Retry-After: seconds, or a date.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func wait(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if t, err := http.ParseTime(header); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// reason puts an error into words. They name no address, neither of the receiver nor of the operator's network.
func reason(err error) string {
	var told failure
	var host *net.DNSError
	var op *net.OpError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &told):
		return string(told)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return fmt.Sprintf("no answer within %v", timeout)
	case errors.As(err, &host):
		return "the host's name cannot be resolved"
	case errors.As(err, &authority), errors.As(err, &name), errors.As(err, &invalid):
		return "the certificate is not good for the host"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was closed without an answer"
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection could be made"
	}
	return "the connection failed"
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
