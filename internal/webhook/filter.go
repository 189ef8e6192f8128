package webhook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writ-iam/writ/internal/feeds"
	"github.com/writ-iam/writ/internal/glob"
	"github.com/writ-iam/writ/internal/history"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/snapshot"
)

// Wants reports whether a webhook asks for an entry: if it has one of each list of the filter that is not empty.
func Wants(s *snapshot.Snapshot, w *iam.Webhook, p *iam.Publication) bool {
	f := &w.Filter
	one := func(list []string, is func(string) bool) bool { return len(list) == 0 || slices.ContainsFunc(list, is) }
	return one(f.Publishers, func(name string) bool { return name == p.Publisher }) &&
		one(f.Verdicts, func(verdict string) bool { return verdict == feeds.VerdictOf(p) }) &&
		one(f.Escalation, func(word string) bool { return p.Escalation.Does(word) }) &&
		one(f.Policies, func(pattern string) bool { return glob.Compile(pattern).Match(p.Policy) }) &&
		(len(f.Services) == 0 || changes(p, f.Services)) &&
		(!f.Attached || s.InUse(w.Account, p.ARN()))
}

// changes reports whether an entry adds or removes actions of one of some services.
func changes(p *iam.Publication, of []string) bool {
	return slices.ContainsFunc(slices.Concat(feeds.Adds(p), p.Removed), func(action string) bool {
		service := feeds.ServiceOf(action)
		return slices.ContainsFunc(of, func(name string) bool { return feeds.OfService(service, name) })
	})
}

// maxListed is how many words a list of a filter may have.
const maxListed = 100

var patternForm = regexp.MustCompile(`^[a-zA-Z0-9+=,.@_*?-]{1,128}$`)

// CheckFilter says what is wrong with a filter, if something is: a word that is misspelt would never match, and nobody would know.
func CheckFilter(s *snapshot.Snapshot, f *iam.WebhookFilter) error {
	for _, list := range []struct {
		name  string
		words []string
		check func(string) string // "" if a word is good
	}{
		{"Services", f.Services, func(word string) string {
			if feeds.IsService(word) {
				return ""
			}
			return fmt.Sprintf("%q is not the first part of an action's name, as in s3", word)
		}},
		{"Verdicts", f.Verdicts, func(word string) string {
			if slices.Contains(feeds.Verdicts, word) {
				return ""
			}
			return fmt.Sprintf("there is no verdict %q; known are %s", word, strings.Join(feeds.Verdicts, ", "))
		}},
		{"Escalation", f.Escalation, func(word string) string {
			if slices.Contains(history.EscalationWords, word) {
				return ""
			}
			return fmt.Sprintf("%q is neither of %s", word, strings.Join(history.EscalationWords, " and "))
		}},
		{"Publishers", f.Publishers, func(word string) string {
			all := snapshot.Get[iam.Publishers](s, (*iam.Publishers)(nil).Key())
			if word == iam.AWSPublisher || all.Named(word) != nil {
				return ""
			}
			return fmt.Sprintf("there is no publisher %q", word)
		}},
		{"Policies", f.Policies, func(word string) string {
			if !patternForm.MatchString(word) {
				return fmt.Sprintf("%q is not the name of a policy, nor a pattern of names", word)
			}
			if p := s.OwnerPolicyNamed(word); strings.ContainsAny(word, "*?") || p != nil && p.Name == word {
				return ""
			}
			return fmt.Sprintf("no managed policy of an owner is called %q; for one that is yet to come, give a pattern, such as %q", word, word+"*")
		}},
	} {
		if len(list.words) > maxListed {
			return iam.Errorf(iam.ValidationError, "%s has %d words; at most %d are taken.", list.name, len(list.words), maxListed)
		}
		for _, word := range list.words {
			if wrong := list.check(word); wrong != "" {
				return iam.Errorf(iam.ValidationError, "%s: %s.", list.name, wrong)
			}
		}
	}
	return nil
}
