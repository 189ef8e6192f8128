package vectors

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Parse reads a vector. The error, if any, is a [*ParseError].
func Parse(file string, src []byte) (v *Vector, err error) {
	p := &parser{file: file, line: 1}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *ParseError:
			v, err = nil, e
		default:
			panic(e)
		}
	}()
	comment, files := split(string(src))
	p.comment(comment)
	p.line = strings.Count(comment, "\n")
	for _, f := range files {
		p.line++ // that of the name
		p.content(f.name, f.text)
	}
	if p.policies != nil {
		p.fail("no requests follow the last policies")
	}
	if len(p.Cases) == 0 {
		p.fail("the file has no requests")
	}
	return &p.Vector, nil
}

// An archiveFile is one of the files in a txtar archive.
type archiveFile struct{ name, text string }

// split takes an archive apart: the comment, and behind each line such as "-- requests --" a file. Reading it here keeps
// the package free of dependencies.
func split(src string) (comment string, files []archiveFile) {
	for l := range strings.Lines(src) {
		name, ok := strings.CutPrefix(strings.TrimRight(l, "\r\n"), "-- ")
		if name, ok2 := strings.CutSuffix(name, " --"); ok && ok2 && strings.TrimSpace(name) != "" {
			files = append(files, archiveFile{name: strings.TrimSpace(name)})
		} else if n := len(files); n > 0 {
			files[n-1].text += l
		} else {
			comment += l
		}
	}
	return comment, files
}

// A parser reads one vector. It gives up at the first error by a panic with a *ParseError.
type parser struct {
	Vector
	file     string
	line     int
	policies *Policies // of the scenario that is being read
}

func (p *parser) fail(format string, args ...any) {
	panic(&ParseError{p.file, p.line, fmt.Sprintf(format, args...)})
}

// comment reads what stands before the first file: the title, the page, and remarks.
func (p *parser) comment(text string) {
	p.File = p.file
	lines := strings.SplitAfter(text, "\n")
	var title []string
	for i, l := range lines {
		p.line = i + 1
		l, ok := strings.CutPrefix(strings.TrimSpace(l), "# ")
		if !ok && l == "" && i == len(lines)-1 {
			break
		}
		switch {
		case !ok:
			p.fail("expected a line that starts with #")
		case p.URL != "": // a remark
		case strings.HasPrefix(l, "https://docs.aws.amazon.com/"):
			p.URL = l
		default:
			title = append(title, l)
		}
	}
	p.line = 1
	first := strings.Join(title, " ")
	name, rule := ruleName.FindStringSubmatch(p.file), ruleTitle.FindStringSubmatch(first)
	switch {
	case p.URL == "":
		p.fail("expected a line with the address of AWS's page: # https://docs.aws.amazon.com/…")
	case name != nil && rule != nil:
		p.Title = rule[2]
		p.Rule, _ = strconv.Atoi(rule[1])
		if n, _ := strconv.Atoi(name[1]); n != p.Rule {
			p.fail("the file's name says rule %d, its title rule %d", n, p.Rule)
		}
	case factName.MatchString(p.file) && factTitle.MatchString(first):
		p.Title = factTitle.FindStringSubmatch(first)[1]
	case name == nil && !factName.MatchString(p.file):
		p.fail("expected a name such as 002-one-matching-deny-denies.txtar or facts-about-it.txtar")
	default:
		p.fail(`expected a title that is a sentence: "# Rule 2. One matching Deny denies." or "# Fact. It is so."`)
	}
}

// content reads a policy or the requests. It leaves line at the file's last.
func (p *parser) content(name, text string) {
	if name == "requests" {
		p.requests(text)
		return
	}
	if p.policies == nil {
		p.policies = new(Policies)
	}
	p.policy(name, Document(strings.TrimSpace(text)))
	p.line += strings.Count(text, "\n")
}

func (p *parser) policy(name string, doc Document) {
	all := p.policies
	kind, rest, _ := strings.Cut(name, "/")
	switch {
	case doc == "" && strings.Count(name, "/") == 1 && (kind == "scp" || kind == "rcp"):
	case doc.IsReference() && !reference.MatchString(string(doc)):
		p.fail("%s is neither a JSON object nor a reference to a managed policy", name)
	case !doc.IsReference() && !json.Valid([]byte(doc)):
		p.fail("%s is not JSON", name)
	}
	list := func(to *[]Document) {
		if rest == "" || strings.Contains(rest, "/") || !strings.HasSuffix(rest, ".json") {
			p.fail("%s: expected %s/NAME.json", name, kind)
		}
		*to = append(*to, doc)
	}
	one := func(to *[]Document) {
		if len(*to) > 0 {
			p.fail("%s is given twice", name)
		}
		*to = []Document{doc}
	}
	levels := func(to *[][]Document) {
		number, file, named := strings.Cut(rest, "/")
		n, err := strconv.Atoi(number)
		switch {
		case err != nil || named != strings.HasSuffix(file, ".json") || named == (doc == ""):
			p.fail("%s: expected %s/LEVEL/NAME.json, or %s/LEVEL and nothing in it", name, kind, kind)
		case n == len(*to):
			*to = append(*to, []Document{})
		case n != len(*to)-1:
			p.fail("%s: level %d does not follow level %d", name, n, len(*to)-1)
		case !named || len((*to)[n]) == 0:
			p.fail("%s: level %d is without policies", name, n)
		}
		if named {
			(*to)[n] = append((*to)[n], doc)
		}
	}
	switch {
	case name == "boundary.json":
		one(&all.Boundary)
	case name == "resource.json":
		var resource []Document
		if all.Resource != "" {
			resource = []Document{all.Resource}
		}
		one(&resource)
		all.Resource = doc
	case kind == "identity":
		list(&all.Identity)
	case kind == "session":
		list(&all.Session)
	case kind == "endpoint":
		list(&all.Endpoint)
	case kind == "scp":
		levels(&all.SCP)
	case kind == "rcp":
		levels(&all.RCP)
	default:
		p.fail("%s: expected identity/, session/, scp/, rcp/, endpoint/, boundary.json, resource.json or requests", name)
	}
}

// requests reads the requests of a scenario and ends it.
func (p *parser) requests(text string) {
	if p.policies == nil {
		p.policies = new(Policies) // a scenario without policies
	}
	before := len(p.Cases)
	for l := range strings.Lines(text) {
		p.line++
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			p.Cases = append(p.Cases, p.request(l))
		}
	}
	if len(p.Cases) == before {
		p.fail("the scenario has no requests")
	}
	p.policies = nil
}

func (p *parser) request(l string) Case {
	name, _, _ := strings.Cut(p.file, ".")
	if p.Rule != 0 {
		name = name[:3]
	}
	c := Case{ID: fmt.Sprintf("%s/%d", name, len(p.Cases)+1), Policies: p.policies, Line: p.line}
	words := p.words(l)
	c.Want.Outcome = words[0]
	switch words = words[1:]; c.Want.Outcome {
	case "allowed", "explicitDeny", "implicitDeny":
	case "error":
		if len(words) == 0 || words[0][0] != '"' {
			p.fail(`expected a text in quotes behind error`)
		}
		c.Want.Error, words = p.unquote(words[0]), words[1:]
		if c.Want.Refused = len(words) > 0; !c.Want.Refused {
			c.Request.Action, c.Request.Resource = "s3:GetObject", "arn:aws:s3:::logs/a" // never looked at
			return c
		}
	default:
		p.fail("unknown outcome %q; expected allowed, explicitDeny, implicitDeny or error", c.Want.Outcome)
	}
	if len(words) < 2 || isField(words[0]) || isField(words[1]) {
		p.fail("expected an action and a resource")
	}
	c.Request.Action, c.Request.Resource = p.unquote(words[0]), p.unquote(words[1])
	given := map[string]bool{}
	for _, w := range words[2:] {
		name, value, ok := strings.Cut(w, "=")
		if !ok {
			p.fail("expected name=value instead of %s", w)
		}
		if given[name] {
			p.fail("%s is given twice", name)
		}
		given[name] = true
		p.field(&c, name, value)
	}
	return c
}

// isField reports whether a word is one; an action or a resource with an equals sign needs quotes.
func isField(word string) bool { return word[0] != '"' && strings.Contains(word, "=") }

func (p *parser) field(c *Case, name, value string) {
	text := func(to *string) {
		if *to = p.unquote(value); *to == "" {
			p.fail("%s is empty", name)
		}
	}
	set := func(to *[]string) {
		*to = []string{}
		if value != "" {
			*to = p.values(value)
		}
		slices.Sort(*to)
	}
	context := func(key string) {
		if value == "" {
			p.fail(`%s: expected %s="" for one empty value, or %s=[] for none`, name, name, name)
		}
		if c.Request.Context == nil {
			c.Request.Context = map[string][]string{}
		}
		if _, twice := c.Request.Context[key]; twice {
			p.fail("%s is given twice", key)
		}
		c.Request.Context[key] = []string{}
		if value != "[]" {
			c.Request.Context[key] = p.values(value)
		}
	}
	switch name {
	case "principal":
		text(&c.Request.Principal)
	case "account":
		text(&c.Request.ResourceAccount)
	case "issuer":
		text(&c.Request.SessionIssuer)
	case "id":
		context("aws:userid")
	case "decidedBy":
		set(&c.Want.DecidedBy)
	case "blockedBy":
		set(&c.Want.BlockedBy)
	case "missing":
		set(&c.Want.Missing)
	case "matched":
		set(&c.Want.Matched)
	case "near":
		set(&c.Want.Near)
	default:
		if !strings.Contains(name, ":") {
			p.fail("unknown field %q; a condition key has a colon", name)
		}
		context(name)
	}
}

// words splits a line at its spaces, but for those in quotes.
func (p *parser) words(l string) []string {
	return p.splitAt(l, func(c byte) bool { return c == ' ' || c == '\t' }, true)
}

// values splits a list at its commas, but for those in quotes, and unquotes its members.
func (p *parser) values(list string) []string {
	values := p.splitAt(list, func(c byte) bool { return c == ',' }, false)
	for i, v := range values {
		if v == "" {
			p.fail(`an empty value in %s; expected ""`, list)
		}
		values[i] = p.unquote(v)
	}
	return values
}

func (p *parser) splitAt(s string, separates func(byte) bool, skipEmpty bool) (words []string) {
	start := 0
	for i := 0; i <= len(s); {
		switch {
		case i == len(s) || separates(s[i]):
			if i > start || !skipEmpty {
				words = append(words, s[start:i])
			}
			i++
			start = i
		case s[i] == '"':
			i += len(p.quoted(s[i:]))
		default:
			i++
		}
	}
	return words
}

// quoted returns the quoted text at the start of s, with its quotes.
func (p *parser) quoted(s string) string {
	q, err := strconv.QuotedPrefix(s)
	if err != nil {
		p.fail("%s is not a quoted text", s)
	}
	return q
}

// unquote returns what a word stands for.
func (p *parser) unquote(word string) string {
	if !strings.Contains(word, `"`) {
		return word
	}
	text, err := strconv.Unquote(word)
	if err != nil {
		p.fail("%s: quotes must stand around the whole of a value", word)
	}
	return text
}
