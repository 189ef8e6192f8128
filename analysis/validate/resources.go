package validate

import (
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/glob"
)

// resources judges the values of Resource and NotResource.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func (d *document) resources() {
	for _, s := range d.statements {
		for _, r := range s.resource.values {
			if strings.Trim(r.Text, "*") == "" && r.Text != "" {
				continue
			}
			d.checkResource(r)
		}
	}
}

// The fields of an ARN.
const (
	fieldPrefix = iota
	fieldPartition
	fieldService
	fieldRegion
	fieldAccount
	fieldResource
	numFields
)

// An arnPattern is a pattern over ARNs, cut at its colons; those inside a policy variable do not count.
type arnPattern struct {
	field [numFields]string
	at    [numFields]int // where each begins
	n     int            // how many there are
}

func cutARN(s string) (p arnPattern) {
	depth := 0
	for i := 0; i <= len(s) && p.n < numFields; i++ {
		switch {
		case i == len(s), s[i] == ':' && depth == 0 && p.n < fieldResource:
			p.field[p.n] = s[p.at[p.n]:i]
			if p.n++; p.n < numFields {
				p.at[p.n] = i + 1
			}
		case strings.HasPrefix(s[i:], "${"):
			depth++
		case s[i] == '}' && depth > 0:
			depth--
		}
	}
	return p
}

// isLiteral reports whether a field has neither wildcards nor variables.
func isLiteral(field string) bool { return !strings.ContainsAny(field, "*?") && !hasVariable(field) }

// canBeEmpty reports whether a field can match the empty text.
func canBeEmpty(field string) bool { return strings.Trim(field, "*") == "" || hasVariable(field) }

// checkResource reports the first thing that is wrong with a resource, from its first field on.
func (d *document) checkResource(r value) {
	p := cutARN(r.Text)
	report := func(code string, field int, format string, args ...any) {
		d.report(code, r.part(p.at[field], len(p.field[field])), format, args...)
	}
	whole := func(code, format string, args ...any) { d.report(code, r.location(), format, args...) }

	if !glob.Compile(p.field[fieldPrefix]).Match("arn") {
		whole("INVALID_ARN_PREFIX", `the resource %s does not begin with "arn:"; write an ARN or "*"`, quoted(r.Text))
		return
	}
	if p.n < numFields {
		if !strings.HasSuffix(r.Text, "*") { // which would stand for the missing fields, too
			whole("MISSING_ARN_FIELD", "the ARN has %d fields of six; write arn:partition:service:region:account:resource", p.n)
			return
		}
		for i := p.n; i < numFields; i++ {
			p.field[i] = "*"
		}
	}
	if partition := p.field[fieldPartition]; isLiteral(partition) && !slices.Contains(partitions, partition) {
		report("INVALID_PARTITION", fieldPartition, "there is no partition %s; write %s", quoted(partition), orList(partitions[:3]))
		return
	}
	service := p.field[fieldService]
	if hasWildcard(service) && p.n > fieldService {
		if p.n == numFields || strings.Trim(service, "*") != "" {
			report("WILDCARD_IN_SERVICE_NAME", fieldService, "the service of the ARN has a wildcard, which takes in services to come; write the service out")
		}
		return
	}
	if !isLiteral(service) {
		return
	}
	if services := resourceServices[d.ResourceType]; services != nil && d.Type != Trust && !slices.Contains(services, strings.ToLower(service)) {
		whole("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", "the policy of %s cannot name resources of %s", d.ResourceType, quoted(service))
		return
	}
	page, known := authref.Lookup(service)
	if service == "" || !known && len(allFormats()[strings.ToLower(service)]) == 0 {
		report("INVALID_SERVICE", fieldService, "there is no service %s%s", quoted(service), d.suggestService(service))
		return
	}
	if service != strings.ToLower(service) {
		report("INVALID_ARN_SERVICE_CASE", fieldService, "the service %s is written %s", service, strings.ToLower(service))
		return
	}
	if region := p.field[fieldRegion]; region != "" && isLiteral(region) && !isRegion(region) {
		report("INVALID_ARN_REGION", fieldRegion, "there is no Region %s%s", quoted(region), d.didYouMean(region, regions))
		return
	}
	if account := p.field[fieldAccount]; account != "" && isLiteral(account) && !arn.IsAccountID(account) && !ownedByAWS(account, service) {
		report("INVALID_ARN_ACCOUNT", fieldAccount, "%s is no account id; write its 12 digits", quoted(account))
		return
	}
	d.checkFormat(r, &p, page)
}

// ownedByAWS reports whether an account field is one of those that stand in place of an account id.
func ownedByAWS(account, service string) bool {
	return account == "aws" ||
		slices.ContainsFunc(allFormats()[service], func(f format) bool { return f.account == account })
}

// maxARN is the length from which a resource is not compared with formats, in bytes. No ARN is longer than 2,048.
const maxARN = 2048

// checkFormat compares the fields behind the service with the formats that the service's ARNs have: those of its own page,
// and if none of them fits, those of other pages that name its resources, as the page of STS names roles.
func (d *document) checkFormat(r value, p *arnPattern, page *authref.Service) {
	service, resource := p.field[fieldService], p.field[fieldResource]
	begins := func(start string) bool { return strings.HasPrefix(resource, start) }
	if len(r.Text) > maxARN || slices.ContainsFunc(otherResources[service], begins) {
		return
	}
	var own []format
	if page != nil {
		own = formatsOn(page)
	}
	if m := p.compare(own); m.fits {
		return
	}
	all := allFormats()[service]
	m := p.compare(all)
	switch {
	case m.fits || len(all) == 0:
	case m.code == "MISSING_ARN_ACCOUNT" && slices.ContainsFunc(ownedResources[service], begins):
	case m.code == "":
		d.report("INVALID_ARN_RESOURCE", r.part(p.at[fieldResource], len(resource)),
			"no resource of %s has an ARN that ends in %s; %s", service, quoted(resource), formatExamples(all))
	case p.field[m.field] == "": // there is nothing to point at
		d.report(m.code, r.location(), "%s: %s", m.details, m.format.text)
	default:
		d.report(m.code, r.part(p.at[m.field], len(p.field[m.field])), "%s: %s", m.details, m.format.text)
	}
}

// A comparison is that of an ARN with formats.
type comparison struct {
	fits bool
	// Otherwise, what is wrong by the first format whose resource field fits; nothing if there is none.
	code, details string
	field         int
	format        format
}

func (p *arnPattern) compare(formats []format) (c comparison) {
	region, account, resource := p.field[fieldRegion], p.field[fieldAccount], withoutVariables(p.field[fieldResource])
	for _, f := range formats {
		if !intersect(resource, f.resource) {
			continue
		}
		this := comparison{format: f}
		switch {
		case f.region == "" && !canBeEmpty(region):
			this.code, this.field, this.details = "ARN_REGION_NOT_ALLOWED", fieldRegion, "the ARN of such a resource has no Region; leave the field empty"
		case f.region != "" && f.region != "*" && isLiteral(region) && region != "" && region != f.region:
			continue
		case f.region != "" && region == "":
			this.code, this.field, this.details = "MISSING_ARN_REGION", fieldRegion, "the ARN of such a resource has a Region; write one, or *"
		case f.account == "" && !canBeEmpty(account):
			this.code, this.field, this.details = "ARN_ACCOUNT_NOT_ALLOWED", fieldAccount, "the ARN of such a resource has no account id; leave the field empty"
		case f.account != "" && account == "":
			this.code, this.field, this.details = "MISSING_ARN_ACCOUNT", fieldAccount, "the ARN of such a resource has an account id; write one, or *"
		default:
			return comparison{fits: true}
		}
		if c.code == "" {
			c = this
		}
	}
	return c
}

// formatExamples names the formats, if there are few.
func formatExamples(formats []format) string {
	if len(formats) > 4 {
		return "see the service's page in the service authorization reference"
	}
	texts := make([]string, len(formats))
	for i, f := range formats {
		texts[i] = f.text
	}
	return "expected " + orList(texts)
}

func orList(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// A format is the form of the ARNs of a resource type, with * for the parts to fill in.
type format struct {
	text                      string // as the reference has it
	region, account, resource string
}

// formatsOn returns the formats of the service's ARNs on its own page.
func formatsOn(page *authref.Service) (formats []format) {
	for i := range page.ResourceTypes {
		for _, text := range page.ResourceTypes[i].ARNs {
			if service, f, ok := cutFormat(text); ok && (service == page.Prefix || hasVariable(service)) {
				formats = append(formats, f)
			}
		}
	}
	return formats
}

// cutFormat takes the form of an ARN apart.
func cutFormat(text string) (service string, f format, ok bool) {
	fields := strings.SplitN(text, ":", numFields)
	if len(fields) < numFields {
		return "", format{}, false
	}
	return fields[fieldService], format{
		text, withoutVariables(fields[fieldRegion]), withoutVariables(fields[fieldAccount]), withoutVariables(fields[fieldResource]),
	}, true
}

// allFormats are the formats of all pages, by service. It takes some milliseconds, so they are made at first use.
var allFormats = sync.OnceValue(func() map[string][]format {
	all := map[string][]format{}
	for _, prefix := range authref.Services() {
		page, _ := authref.Lookup(prefix)
		for i := range page.ResourceTypes {
			for _, text := range page.ResourceTypes[i].ARNs {
				service, f, ok := cutFormat(text)
				if hasVariable(service) { // those of AWS Backup's recovery points
					service = prefix
				}
				if ok {
					all[service] = append(all[service], f)
				}
			}
		}
	}
	return all
})

// intersect reports whether some text matches both patterns of * and ?.
func intersect(a, b string) bool {
	// reach[j] says whether a[:i] and b[:j] match a common text.
	reach := make([]bool, len(b)+1)
	for i := 0; i <= len(a); i++ {
		diagonal := false // reach[j-1] of the row before
		for j := 0; j <= len(b); j++ {
			above := i > 0 && reach[j]
			left := j > 0 && reach[j-1]
			now := i == 0 && j == 0
			if i > 0 && a[i-1] == '*' {
				now = now || above || left
			}
			if j > 0 && b[j-1] == '*' {
				now = now || above || left
			}
			if i > 0 && j > 0 && diagonal && (a[i-1] == b[j-1] || a[i-1] == '?' || b[j-1] == '?') {
				now = true
			}
			diagonal, reach[j] = above, now
		}
	}
	return reach[len(b)]
}

func hasWildcard(s string) bool {
	return strings.ContainsAny(withoutVariables(s), "*?") && !hasVariable(s)
}
