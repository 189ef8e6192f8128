package iamapi

import (
	"encoding/base64"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
)

// defaultPage is how many items a page has if MaxItems does not say.
const defaultPage = 100

// A page is a part of a list: what Marker and MaxItems ask for. The marker is the key of the last item that was returned, so that what is
// added or removed meanwhile neither repeats nor hides other items.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
type page struct {
	after string // the key that the page begins behind
	room  int
	last  string // key of the last item taken
	more  bool
}

func newPage(marker *string, maxItems *int32) (*page, error) {
	p := &page{room: defaultPage}
	if maxItems != nil {
		p.room = int(*maxItems)
	}
	if marker != nil {
		key, err := base64.RawURLEncoding.DecodeString(*marker)
		if err != nil || len(key) == 0 {
			return nil, iam.Errorf(iam.ValidationError, "Invalid Marker.")
		}
		p.after = string(key)
	}
	return p, nil
}

// take reports whether the item of a key is on the page. Items come in the order of their keys. After it returned false because
// the page is full, no more need come; full says so.
func (p *page) take(key string) bool {
	if p.after != "" && key <= p.after {
		return false
	}
	if p.room == 0 {
		p.more = true
		return false
	}
	p.room--
	p.last = key
	return true
}

// full reports whether the list may stop: there is more, and no room for it.
func (p *page) full() bool { return p.more }

// marker is where the next page begins; nil if there is none.
func (p *page) marker() *string {
	if !p.more {
		return nil
	}
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(p.last)))
}

// list fills a page with the records below a prefix: add returns false for a record that the list leaves out.
func list[R iam.Record](c *op.Call, prefix string, marker *string, maxItems *int32, keep func(R) bool, add func(R)) (*page, error) {
	p, err := newPage(marker, maxItems)
	if err != nil {
		return nil, err
	}
	after := ""
	if strings.HasPrefix(p.after, prefix) {
		after = p.after
	}
	for key, record := range c.State.List(prefix, after) {
		r := record.(R)
		if keep != nil && !keep(r) {
			continue
		}
		if p.take(key) {
			add(r)
		} else if p.full() {
			break
		}
	}
	return p, nil
}

// slice fills a page with items of a list in memory, which are sorted by their names.
func slice[T any](items []T, name func(T) string, marker *string, maxItems *int32, add func(T)) (*page, error) {
	p, err := newPage(marker, maxItems)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		if p.take(name(item)) {
			add(item)
		} else if p.full() {
			break
		}
	}
	return p, nil
}
