package history

import (
	"slices"
	"sync"
	"time"

	"github.com/writ-iam/writ/managed"
)

// A Page is one of AWS's pages on which a service says what its updates of managed policies are about.
type Page struct {
	URL   string
	Since time.Time // when the service began to keep the table
	AsOf  time.Time // the day up to which the rows below are those of the page
	Rows  []Announcement
}

// An Announcement is a row of such a table.
type Announcement struct {
	Policy string
	Date   time.Time
	About  string // in our words
}

// pages are facts from AWS's pages: which policy, which day, and what it is about. To add one, add its rows, oldest first; what is about
// several policies is a row for each.
var pages = sync.OnceValue(func() []Page {
	return []Page{{
		URL:   "https://docs.aws.amazon.com/amplify/latest/userguide/security-iam-awsmanpol.html",
		Since: on("2021-07-28"),
		AsOf:  on("2023-02-24"),
		Rows: []Announcement{
			{amplify, on("2021-07-28"), "amplify:* in place of single actions; encrypted buckets, boundaries, SMS sandbox, backends in Studio, secrets in SSM, layers"},
			{amplify, on("2021-09-27"), "bots (Lex), predictions (Rekognition), MFA, StackSets, maps (Location), layers, logs, storage, server-side rendering"},
			{amplify, on("2021-11-08"), "social sign-in (Cognito), Lambda layers, storage"},
			{amplify, on("2021-12-02"), "all of UI Builder"},
			{amplify, on("2022-04-17"), "deleting server-side rendered apps and their distributions; event source mappings"},
			{amplify, on("2022-04-27"), "blocking public access to the deployment bucket"},
			{amplify, on("2022-08-30"), "metrics of server-side rendering in CloudWatch"},
			{amplify, on("2023-02-24"), "untagging in AppSync, IAM and DynamoDB; Polly; OpenSearch domains; origin access identities; blocking public access to buckets; listing stacks"},
		},
	}}
})

const amplify = "AdministratorAccess-Amplify"

// on reads a date of the table above; a test reads them all.
func on(date string) time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		panic(err)
	}
	return t
}

// lag is how long after a version its announcement may come. Those known came within four days.
const lag = 7 * 24 * time.Hour

// Announcements are those of one policy beside its versions.
type Announcements struct {
	Page       *Page
	of         map[*managed.Version][]Announcement
	Unanswered []Announcement // that no version was made for, oldest first
}

// Announced returns what AWS said of the updates of a policy, and nil if no page on it is known. An announcement is of the newest
// version made on its day or at most a week before.
func Announced(p *managed.Policy) *Announcements {
	for i := range pages() {
		page := &pages()[i]
		if !slices.ContainsFunc(page.Rows, func(a Announcement) bool { return a.Policy == p.Name }) {
			continue
		}
		all := &Announcements{Page: page, of: map[*managed.Version][]Announcement{}}
		for _, a := range page.Rows {
			if a.Policy != p.Name {
				continue
			}
			if v := announcedBy(p, a.Date); v != nil {
				all.of[v] = append(all.of[v], a)
			} else {
				all.Unanswered = append(all.Unanswered, a)
			}
		}
		return all
	}
	return nil
}

func announcedBy(p *managed.Policy, date time.Time) (v *managed.Version) {
	for _, w := range p.Versions() {
		if day := w.Created.Truncate(24 * time.Hour); !w.Created.IsZero() && !day.After(date) && date.Sub(day) <= lag {
			v = w
		}
	}
	return v
}

// Of returns the announcements of a version.
func (a *Announcements) Of(v *managed.Version) []Announcement {
	if a == nil {
		return nil
	}
	return a.of[v]
}

// Covers reports whether the table was kept when a version was made, as far as its rows are known here.
func (a *Announcements) Covers(v *managed.Version) bool {
	return a != nil && (len(a.of[v]) > 0 || v.Created.After(a.Page.Since) && v.Created.Before(a.Page.AsOf))
}

// Silent reports whether the table was kept when a version was made, and has no row for it.
func (a *Announcements) Silent(v *managed.Version) bool {
	return a.Covers(v) && len(a.of[v]) == 0
}

// Between returns the announcements that no version was made for and that came while v was the newest.
func (a *Announcements) Between(v *managed.Version) (list []Announcement) {
	if a == nil {
		return nil
	}
	versions := v.Policy.Versions()
	next := slices.Index(versions, v) + 1
	for _, x := range a.Unanswered {
		if !x.Date.Before(v.Created) && (next == len(versions) || x.Date.Before(versions[next].Created)) {
			list = append(list, x)
		}
	}
	return list
}
