package cloudtrail

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/writ-iam/writ/arn"
	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/jsontree"
)

// maxResources is how many resources of one type a call may have. Operations that take lists take no more than a hundred or so.
const maxResources = 200

// parameters are those that fill in the placeholders of the formats of ARNs, where they are called otherwise; by service and placeholder.
var parameters = map[string][]string{
	"iam:CertificateNameWithPath":          {"serverCertificateName"},
	"iam:MfaTokenIdWithPath":               {"virtualMFADeviceName", "serialNumber"},
	"iam:OidcProviderName":                 {"url"},
	"iam:SamlProviderName":                 {"name"},
	"s3:ObjectName":                        {"key"},
	"s3:AccessPointName":                   {"name"},
	"lambda:LayerVersion":                  {"versionNumber"},
	"lambda:CodeSigningConfigId":           {"codeSigningConfigArn"},
	"appsync:GraphQLAPIId":                 {"apiId"},
	"appsync:DatasourceName":               {"name"},
	"ssm:DocumentName":                     {"name"},
	"ssm:ParameterNameWithoutLeadingSlash": {"name", "names", "path"},
	"sns:TopicName":                        {"name"},
	"sqs:QueueName":                        {"queueName", "queueUrl"},
	"events:RuleName":                      {"rule", "name"},
	"events:EventBusName":                  {"eventBusName"},
	"states:StateMachineName":              {"name"},
	"states:ActivityName":                  {"name"},
	"cloudfront:DistributionId":            {"distributionId", "id"},
}

// free are the placeholders whose values may have slashes and colons in them. That of a function has its alias behind a colon.
var free = map[string]bool{
	"ObjectName": true, "ParameterNameWithoutLeadingSlash": true, "LogGroupName": true, "LogStreamName": true, "SecretId": true,
	"RepositoryName": true, "DocumentName": true, "OidcProviderName": true, "EntityPath": true, "EventBusName": true, "EventSourceName": true,
	"IdentityPoolId": true, "FunctionName": true,
}

var placeholder = regexp.MustCompile(`\$\{([A-Za-z]+)\}`)

// resourcesOf returns the resources that the call of an action acts on, each an ARN or a pattern for one. source asks for what a copy is
// made of.
func (r *Record) resourcesOf(a *authref.Action, source bool) (list []string) {
	if source {
		return []string{r.copied()}
	}
	if !a.TakesResource() {
		return []string{"*"}
	}
	service, _ := authref.Lookup(a.Service)
	add := func(found []string) {
		for _, one := range found {
			if !slices.Contains(list, one) {
				list = append(list, one)
			}
		}
	}
	var best []string // of types of which the action acts on one
	bestScore := 0
	for _, on := range a.Resources {
		t, ok := service.ResourceType(on.Type)
		if !ok {
			continue
		}
		found, score := r.resourceOf(a, t)
		switch {
		case on.Required:
			add(found)
		case score > bestScore:
			best, bestScore = found, score
		}
	}
	if bestScore > 0 {
		if len(list) == 0 {
			return best
		}
		// What is in the resource, such as the index of a table, is what is acted on.
		for i, one := range list {
			for _, in := range best {
				if bestScore >= complete && strings.HasPrefix(in, one+"/") {
					list[i] = in
				}
			}
		}
	}
	if len(list) == 0 {
		return []string{"*"}
	}
	return list
}

// complete is a score that says that nothing of the ARN is missing.
const complete = 100

// resourceOf returns resources of a type, and how much of them the record says: 0 if nothing but the account and the region.
func (r *Record) resourceOf(a *authref.Action, t *authref.ResourceType) (list []string, score int) {
	for _, format := range t.ARNs {
		pattern := patternOf(format)
		for _, one := range append(slices.Clone(r.Resources), r.arns()...) {
			if pattern.MatchString(one) && !slices.Contains(list, literal(one)) && len(list) < maxResources {
				list = append(list, literal(one))
			}
		}
		if list != nil {
			return r.ending(a, list), 10*complete + strings.Count(format, "${")
		}
	}
	format := t.ARN
	list = []string{""}
	filled, named := 0, 0
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(format, -1) {
		text, name := format[at:m[0]], format[m[2]:m[3]]
		at = m[1]
		var values []string
		switch name {
		case "Partition":
			values = []string{r.partition()}
		case "Region":
			values = []string{r.region()}
		case "Account":
			values = []string{r.account()}
		default:
			named++
			if values = r.fill(a, name); values == nil {
				values = []string{"*"}
			} else {
				filled++
			}
		}
		var next []string
		for _, begun := range list {
			for _, value := range values {
				if len(next) < maxResources {
					next = append(next, begun+text+value)
				}
			}
		}
		list = next
	}
	for i := range list {
		list[i] += format[at:]
	}
	score = filled
	if filled > 0 && filled == named {
		score += complete
	}
	return r.ending(a, list), score
}

// ending adds what ARNs have at their ends in policies.
func (r *Record) ending(a *authref.Action, list []string) []string {
	for i, one := range list {
		switch parts := strings.SplitN(one, ":", 8); {
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
		case a.Service == "logs" && len(parts) == 7 && parts[5] == "log-group" && !strings.Contains(a.Name, "Resource") && parts[6] != "*":
			list[i] += ":*"
		case a.Service == "lambda" && len(parts) == 7 && parts[5] == "function":
			if q := r.parameter("qualifier"); len(q) == 1 && q[0] != "" && q[0] != "$LATEST" {
				list[i] += ":" + literal(q[0])
			}
		}
	}
	return list
}

// fill returns the values of a placeholder, and nil if the record does not say them.
func (r *Record) fill(a *authref.Action, name string) (values []string) {
	key := a.Service + ":" + name
	names := parameters[key]
	if a.Service == "sts" {
		names = nil
	}
	if names == nil {
		names = []string{strings.TrimSuffix(name, "WithPath")}
	}
	for _, parameter := range names {
		for _, value := range r.parameter(parameter) {
			if value = r.value(a, key, parameter, value); value != "" {
				values = append(values, value)
			}
		}
		if values != nil {
			break
		}
	}
	if name == "EventBusName" && len(values) == 1 && values[0] == "default" {
		return nil // its rules have no name of a bus in their ARNs
	}
	if values == nil && key == "iam:UserNameWithPath" {
		// Without a name, a user's call is about itself.
		if user, err := arn.Parse(r.UserIdentity.ARN); err == nil && strings.HasPrefix(user.Resource, "user/") {
			return []string{literal(strings.TrimPrefix(user.Resource, "user/"))}
		}
	}
	return values
}

// value makes of a parameter what stands in an ARN.
func (r *Record) value(a *authref.Action, key, parameter, value string) string {
	if of, err := arn.Parse(value); err == nil {
		if key == "secretsmanager:SecretId" || of.Service != a.Service {
			return ""
		}
		value = of.Resource[strings.LastIndexAny(of.Resource, "/:")+1:]
	}
	switch {
	case parameter == "queueUrl":
		value = value[strings.LastIndexByte(value, '/')+1:]
	case key == "iam:OidcProviderName":
		value = strings.TrimPrefix(value, "https://")
	case key == "ssm:ParameterNameWithoutLeadingSlash":
		if value = strings.Trim(value, "/"); parameter == "path" {
			value += "/*"
		}
		return strings.TrimPrefix(literal(value), "/")
	case key == "secretsmanager:SecretId": // six characters follow the name
		return literal(value) + "-*"
	case key == "iam:RoleNameWithPath" && strings.HasPrefix(value, "AWSServiceRoleFor"):
		return "aws-service-role/*/" + literal(value)
	case strings.HasSuffix(key, "WithPath") && strings.HasPrefix(a.Name, "Create"):
		if path := r.parameter("path"); len(path) == 1 {
			value = strings.TrimPrefix(path[0], "/") + value
		}
	}
	return literal(value)
}

// parameter returns the texts of a parameter of the request, of which the case is open: one, or those of a list.
func (r *Record) parameter(name string) (values []string) {
	if r.RequestParameters == nil {
		return nil
	}
	for _, m := range r.RequestParameters.Members {
		if !strings.EqualFold(m.Key.Text, name) {
			continue
		}
		for _, n := range append(slices.Clone(m.Value.Elements), m.Value) {
			if (n.Kind == jsontree.String || n.Kind == jsontree.Number) && n.Text != "" && len(values) < maxResources {
				values = append(values, n.Text)
			}
		}
	}
	return values
}

// arns returns the ARNs among the parameters.
func (r *Record) arns() (list []string) {
	if r.RequestParameters == nil {
		return nil
	}
	for _, m := range r.RequestParameters.Members {
		for _, n := range append(slices.Clone(m.Value.Elements), m.Value) {
			if n.Kind == jsontree.String && strings.HasPrefix(n.Text, "arn:") {
				list = append(list, n.Text)
			}
		}
	}
	return list
}

// copied returns the object that is copied: "bucket/key", or an ARN, and maybe a version.
func (r *Record) copied() string {
	for _, value := range r.parameter("x-amz-copy-source") {
		value, _, _ = strings.Cut(value, "?versionId=")
		if strings.HasPrefix(value, "arn:") {
			return literal(value)
		}
		return "arn:" + r.partition() + ":s3:::" + literal(strings.TrimPrefix(value, "/"))
	}
	return "arn:" + r.partition() + ":s3:::*/*"
}

func (r *Record) partition() string {
	if a, err := arn.Parse(r.UserIdentity.ARN); err == nil && !strings.Contains(a.Partition, "*") {
		return literal(a.Partition)
	}
	switch {
	case strings.HasPrefix(r.AWSRegion, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(r.AWSRegion, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

func (r *Record) region() string { return orAny(r.AWSRegion) }

func (r *Record) account() string {
	if arn.IsAccountID(r.RecipientAccountID) {
		return r.RecipientAccountID
	}
	if arn.IsAccountID(r.UserIdentity.AccountID) {
		return r.UserIdentity.AccountID
	}
	return "*"
}

func orAny(text string) string {
	if text == "" || strings.ContainsRune(text, ':') {
		return "*"
	}
	return literal(text)
}

// literal makes a text one that a policy can hold: what would be a policy variable there becomes a *. A * or ? of a name stays, and matches
// itself.
func literal(text string) string {
	for {
		begin := strings.Index(text, "${")
		if begin < 0 {
			return text
		}
		end := strings.IndexByte(text[begin:], '}')
		if end < 0 {
			return text[:begin] + "*"
		}
		text = text[:begin] + "*" + text[begin+end+1:]
	}
}

// patterns are the compiled formats of ARNs, as they come up.
var patterns sync.Map

// patternOf compiles the format of an ARN.
func patternOf(format string) *regexp.Regexp {
	if known, ok := patterns.Load(format); ok {
		return known.(*regexp.Regexp)
	}
	var b strings.Builder
	at := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(format, -1) {
		b.WriteString(regexp.QuoteMeta(format[at:m[0]]))
		at = m[1]
		switch name := format[m[2]:m[3]]; {
		case name == "Region" || name == "Account":
			b.WriteString(`[^:/]*`)
		case free[name] || strings.HasSuffix(name, "WithPath"):
			b.WriteString(`.+`)
		default:
			b.WriteString(`[^:/]+`)
		}
	}
	b.WriteString(regexp.QuoteMeta(format[at:]))
	compiled := regexp.MustCompile(`^(?s:` + b.String() + `)$`)
	patterns.Store(format, compiled)
	return compiled
}
