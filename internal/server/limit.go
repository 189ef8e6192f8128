package server

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A limiter bounds the calls of each account. Only callers who are known have one, so that there are no more buckets
// than accounts.
type limiter struct {
	rate    float64
	now     func() time.Time
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newLimiter(perSecond float64, now func() time.Time) *limiter {
	if perSecond == 0 {
		perSecond = DefaultRate
	}
	return &limiter{rate: perSecond, now: now, buckets: map[string]*rate.Limiter{}}
}

// allow reports whether the account may make a call now.
func (l *limiter) allow(account string) bool {
	if l.rate < 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[account]
	if b == nil {
		b = rate.NewLimiter(rate.Limit(l.rate), max(1, int(l.rate)))
		l.buckets[account] = b
	}
	return b.AllowN(l.now(), 1)
}
