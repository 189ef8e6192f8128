package feeds

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
)

// Words are what an entry says: a title and a summary in plain text, and content in HTML. They follow from the entry alone, and
// so stay what they are.
type words struct{ title, summary, content string }

// maxNamed is how many actions a summary names. The content of a publication has all, and that of a shipped version so many that
// the whole catalogue stays a feed of a few megabytes; writ catalog log has all of these.
const (
	maxNamed   = 5
	maxShipped = 10
)

// maxNote is how many characters of a note are in a summary. The content has all.
const maxNote = 300

func (e *entry) words() words {
	w := words{title: fmt.Sprintf("%s %s: %s", e.policy, e.version, e.verdict), summary: e.meaning()}
	if e.verdict == deprecation {
		w.title = e.policy + ": deprecated"
	}
	if text := e.escalates.Words(); text != "" {
		w.summary += " Escalation: " + text + "."
	}
	w.content = paragraph(w.summary)
	if p := e.published; p != nil {
		for _, said := range []struct{ label, text string }{{"", p.Note}, {"Why it takes away: ", p.Reason}} {
			if said.text != "" {
				w.summary += " " + said.label + sentence(said.text)
				w.content += paragraph(said.label + said.text)
			}
		}
	}
	adds := "Adds"
	if e.verdict == first {
		adds = "Allows"
	}
	w.content += e.list(adds, e.adds) + e.list("Removes", e.removes) + e.facts()
	return words{clean(w.title), clean(w.summary), clean(w.content)}
}

// meaning says what the entry means, as writ diff says it.
func (e *entry) meaning() string {
	of := fmt.Sprintf("Version %s of %s", e.version, e.policy)
	adds, removes := "adds "+Named(e.adds), "removes "+Named(e.removes)
	before := "the version before"
	if e.before != "" {
		before = e.before + ", the version before it in the catalogue,"
	}
	switch e.verdict {
	case deprecation:
		return fmt.Sprintf("%s is deprecated: it stays where it is attached, and can be attached no more.", e.policy)
	case first:
		of := e.policy
		if e.published == nil && e.version != "v1" {
			of += " in the catalogue"
		}
		return fmt.Sprintf("Version %s is the first of %s. Its statements allow %s.", e.version, of, Named(e.adds))
	case "equivalent":
		return of + " allows the same as " + strings.TrimSuffix(before, ",") + "."
	case "broader":
		return of + " allows all that " + before + " does, and more: it " + adds + "."
	case "narrower":
		return of + " allows less than " + strings.TrimSuffix(before, ",") + ": it " + removes + "."
	case "incomparable":
		return of + " allows what " + before + " does not, and the other way around: it " + adds + ", and " + removes + "."
	default:
		said := "It is not known what version " + e.version + " of " + e.policy + " allows beside " + strings.TrimSuffix(before, ",")
		switch {
		case len(e.adds) > 0 && len(e.removes) > 0:
			said += "; it " + adds + ", and " + removes
		case len(e.adds) > 0:
			said += "; it " + adds
		case len(e.removes) > 0:
			said += "; it " + removes
		}
		return said + "."
	}
}

// Named names some of the actions, and counts the others.
func Named(actions []string) string {
	switch n := len(actions); {
	case n == 0:
		return "nothing"
	case n == 1:
		return actions[0]
	case n > maxNamed+1:
		return fmt.Sprintf("%s and %d others", strings.Join(actions[:maxNamed], ", "), n-maxNamed)
	default:
		return strings.Join(actions[:n-1], ", ") + " and " + actions[n-1]
	}
}

// sentence makes one of a text that somebody wrote.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxNote {
		return string(r[:maxNote]) + "…"
	}
	if text != "" && !strings.ContainsAny(text[len(text)-1:], ".!?") {
		text += "."
	}
	return text
}

// facts are what the content ends with.
func (e *entry) facts() string {
	b := "<ul><li>" + html.EscapeString(e.arn) + "</li>"
	if p := e.published; p != nil {
		b += "<li>published by " + html.EscapeString(p.Publisher) + "</li>"
		if p.Feature != "" {
			b += "<li>feature: " + html.EscapeString(p.Feature) + "</li>"
		}
		if !p.Created.IsZero() && p.Created.Format(time.DateOnly) != p.Time.Format(time.DateOnly) {
			b += "<li>its owner's date: " + p.Created.UTC().Format(time.DateOnly) + "</li>"
		}
	}
	return b + "</ul>"
}

// anyService stands for the service of a pattern that is of none.
const anyService = "any service"

// list is the HTML of actions, by service.
func (e *entry) list(title string, actions []string) string {
	if len(actions) == 0 {
		return ""
	}
	others := ""
	if n := len(actions) - maxShipped; e.published == nil && n > 1 {
		actions, others = actions[:maxShipped], fmt.Sprintf("<p>and %d others: writ catalog log %s --json</p>", n, html.EscapeString(e.policy))
	}
	var services []string
	of := map[string][]string{}
	for _, action := range actions {
		service, name, ok := strings.Cut(action, ":")
		if !ok || strings.ContainsAny(service, "*? ") {
			service, name = anyService, action
		}
		if of[service] == nil {
			services = append(services, service)
		}
		of[service] = append(of[service], name)
	}
	slices.Sort(services)
	b := "<p>" + title + "</p><ul>"
	for _, service := range services {
		b += "<li>" + html.EscapeString(service) + ": " + html.EscapeString(strings.Join(of[service], ", ")) + "</li>"
	}
	return b + "</ul>" + others
}

// paragraph is the HTML of plain text, its lines kept.
func paragraph(text string) string {
	return "<p>" + strings.ReplaceAll(html.EscapeString(strings.TrimSpace(text)), "\n", "<br>") + "</p>"
}

// clean replaces what cannot stand in XML, be it escaped, and what turns the direction of the text around it.
// https://www.w3.org/TR/xml/#charsets
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r':
			return '\n'
		case r < ' ' && r != '\n' && r != '\t', r >= 0x7f && r <= 0x9f, r == 0xfffe, r == 0xffff,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return 0xfffd
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
}
