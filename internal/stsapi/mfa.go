package stsapi

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
	"github.com/writ-iam/writ/internal/snapshot"
)

// AWS's answers to a code that is missing, to a device that is not the caller's, and to a code that is wrong or was
// used before, which it does not tell apart.
var (
	errCodeMissing = noMFA(", must provide both MFA serial number and one time pass code.")
	errNoDevice    = noMFA(", unable to validate MFA code.  " +
		"Please verify your MFA serial number is valid and associated with this user.")
	errWrongCode = noMFA(" with invalid MFA one time pass code. ")
	errUsedCode  = noMFA(" with invalid MFA one time pass code. ")
)

func noMFA(why string) error {
	return iam.Errorf(iam.AccessDenied, "MultiFactorAuthentication failed%s", why)
}

// check verifies the code of the caller's MFA device and returns the device, or nil if the request has no code.
// Nothing is written yet: a call that is then denied does not use the code up.
func (a *api) check(c *op.Call, serial, code *string) (*iam.MFADevice, error) {
	if serial == nil && code == nil {
		return nil, nil
	}
	if serial == nil || code == nil {
		return nil, errCodeMissing
	}
	d := device(c, *serial)
	if d == nil {
		return nil, errNoDevice
	}
	if !a.guesses.allowed(d.Key(), c.Time) {
		return nil, errWrongCode
	}
	_, err := verify(c, d, *code)
	if err == errWrongCode {
		a.guesses.wrong(d.Key(), c.Time)
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

// device finds the caller's own device of a serial number.
func device(c *op.Call, serial string) *iam.MFADevice {
	owner := c.Account()
	switch e := c.Caller.Entity.(type) {
	case *iam.User:
		owner = e.ID
	case *iam.Role:
		return nil
	}
	key, _ := iam.MFASerialKey(c.Account(), serial)
	d := snapshot.Get[iam.MFADevice](c.State, key)
	if d == nil || d.ARN() != serial || d.Owner == "" || d.Owner != owner {
		return nil
	}
	return d
}

// verify returns the counter of the code, which is higher than that of any code the device was used with.
func verify(c *op.Call, d *iam.MFADevice, code string) (int64, error) {
	seed, err := c.Keys.OpenSecret(d.ARN(), d.Sealed)
	if err != nil {
		return 0, err
	}
	counter, ok := session.VerifyTOTP(seed, code, c.Time, 0)
	switch {
	case !ok:
		return 0, errWrongCode
	case counter <= d.Counter:
		return 0, errUsedCode
	}
	return counter, nil
}

// spend uses the code up. Of two calls with one code, at whatever servers, one fails.
func (a *api) spend(ctx context.Context, c *op.Call, d *iam.MFADevice, code *string) error {
	if d == nil {
		return nil
	}
	return c.Update(ctx, func(tx iam.Txn) error {
		now, err := iam.Get[iam.MFADevice](tx, d.Key())
		if err != nil {
			return err
		}
		if now == nil || now.Owner != d.Owner {
			return errNoDevice
		}
		if now.Counter, err = verify(c, now, aws.ToString(code)); err != nil {
			return err
		}
		tx.Put(now)
		return nil
	})
}

// The number of wrong codes that a device may be tried with in a stretch of time, before not even the right one
// counts.
const (
	maxGuesses  = 10
	guessWindow = 5 * time.Minute
)

// guesses counts wrong codes, so that a stolen access key and patience are not enough. There is at most one count a
// device.
type guesses struct {
	mu     sync.Mutex
	counts map[string]guessCount // by the device's key
}

type guessCount struct {
	since time.Time
	wrong int
}

func (g *guesses) allowed(device string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	count := g.counts[device]
	if now.Sub(count.since) >= guessWindow {
		delete(g.counts, device)
		return true
	}
	return count.wrong < maxGuesses
}

func (g *guesses) wrong(device string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.counts == nil {
		g.counts = map[string]guessCount{}
	}
	count, ok := g.counts[device]
	if !ok {
		count.since = now
	}
	count.wrong++
	g.counts[device] = count
}
