package op

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/session"
)

const allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`

// call is a call of iam:ListUsers by a caller.
func (w *world) call(who *Caller) *Call {
	s := w.Services[0]
	return &Call{
		Backend: w.Backend, Caller: who, State: w.Backend.Live.Current(), Time: now, RequestID: "request",
		Region: "eu-west-1", SourceIP: "192.0.2.7", UserAgent: "test/1", Secure: true,
		service: s, operation: s.operations["ListUsers"],
	}
}

// populated is a world with an organization of two accounts, a user with a group, a role and a service.
func populated(t *testing.T) *world {
	head := func(account, id, name string) iam.Header {
		return iam.Header{Account: account, ID: id, Name: name, Path: "/dev/", Created: now}
	}
	full := []string{iam.FullAWSAccess, iam.RCPFullAWSAccess}
	w := newWorld(t,
		&iam.Account{ID: account, Organization: "o-1", Parent: "r-1", Policies: full},
		&iam.Account{ID: other, Organization: "o-1", Parent: "ou-1", Policies: full},
		&iam.Organization{
			ID: "o-1", Management: account, Root: "r-1", Enabled: []string{iam.ResourceControl, iam.ServiceControl},
		},
		&iam.Unit{ID: "r-1", Organization: "o-1", Policies: full},
		&iam.Unit{ID: "ou-1", Organization: "o-1", Parent: "r-1", Policies: full},
		&iam.User{Header: head(other, "AIDAALICE", "alice"), Groups: []string{"AGPADEVS"},
			Tags: []iam.Tag{{Key: "Team", Value: "blue"}, {Key: "Empty"}}},
		&iam.Group{Header: head(other, "AGPADEVS", "devs")},
		&iam.Role{Header: head(other, "AROADEPLOY", "deploy"), Trust: iam.NewDocument(`{}`),
			Tags: []iam.Tag{{Key: "Team", Value: "blue"}, {Key: "Stage", Value: "prod"}}},
		&iam.Service{Name: "cloudformation.amazonaws.com", SigningName: "cloudformation"},
	)
	w.put(w.key("AKIAALICE", other, "AIDAALICE"), w.key("AKIAROOT", other, other),
		w.key("AKIASERVICE", "", "cloudformation.amazonaws.com"))
	return w
}

// longTerm is the caller of a long-term key, temporary that of a session.
func (w *world) longTerm(id string) *Caller {
	w.Helper()
	c := w.call(nil)
	k, ok := c.State.List(iam.AccessKeyKey(id), ""), false
	for _, r := range k {
		who, err := longTerm(c.State, r.(*iam.AccessKey))
		if ok = err == nil; ok {
			return who
		}
	}
	w.Fatalf("no caller has the key %s", id)
	return nil
}

func (w *world) temporary(s session.Session) *Caller {
	w.Helper()
	s.Account, s.AccessKeyID, s.Issued, s.Expires = other, "ASIA1", now.Add(-time.Hour), now.Add(time.Hour)
	who, err := temporary(w.call(nil).State, &s, now)
	if err != nil {
		w.Fatal(err)
	}
	return who
}

func TestTheRequestContextOfEachKindOfCaller(t *testing.T) {
	w := populated(t)
	const (
		hour    = "2026-06-01T11:00:00Z"
		service = "cloudformation.amazonaws.com"
		arn     = "arn:aws:iam::" + other + ":"
	)
	role := session.Session{Kind: session.AssumedRole, PrincipalID: "AROADEPLOY", Name: "ci"}
	with := func(s session.Session, change func(*session.Session)) session.Session { change(&s); return s }
	inOrg := "aws:PrincipalOrgID=o-1 aws:PrincipalOrgPaths=o-1/r-1/ou-1/ "
	temporary := inOrg + "aws:MultiFactorAuthPresent=false aws:TokenIssueTime=" + hour + " "
	alice := "aws:PrincipalTag/Empty= aws:PrincipalTag/Team=blue "
	deploy := "aws:PrincipalTag/Stage=prod aws:PrincipalTag/Team=blue "
	via := "aws:CalledVia=" + service + " aws:CalledViaFirst=" + service + " aws:CalledViaLast=" + service + " "
	isAlice := "aws:PrincipalArn=" + arn + "user/dev/alice aws:userid=AIDAALICE aws:username=alice aws:PrincipalType=User"
	isRoot := "aws:PrincipalArn=" + arn + "root aws:userid=" + other + " aws:PrincipalType=Account !aws:username"
	isDeploy := "aws:PrincipalArn=" + arn + "role/dev/deploy aws:userid=AROADEPLOY:ci aws:PrincipalType=AssumedRole !aws:username"
	for _, test := range []struct {
		name string
		who  *Caller
		keys string // of the credentials
		is   string // what follows from the principal; "!" before a key that must be absent
	}{
		{"Root", w.longTerm("AKIAROOT"), inOrg, isRoot},
		{"RootWithASession", w.temporary(session.Session{Kind: session.Root, PrincipalID: other}), temporary, isRoot},
		{"User", w.longTerm("AKIAALICE"), inOrg + alice, isAlice + " aws:PrincipalAccount=" + other},
		{"UserWithASession", w.temporary(session.Session{Kind: session.User, PrincipalID: "AIDAALICE"}),
			temporary + alice, isAlice},
		{"UserWithMFA", w.temporary(session.Session{
			Kind: session.User, PrincipalID: "AIDAALICE", MFA: true, MFATime: now.Add(-90 * time.Second),
		}), inOrg + alice + "aws:MultiFactorAuthAge=90 aws:MultiFactorAuthPresent=true aws:TokenIssueTime=" + hour, isAlice},
		{"Role", w.temporary(role), temporary + deploy, isDeploy},
		{"RoleWithTags", w.temporary(with(role, func(s *session.Session) {
			s.Tags, s.SourceIdentity = []session.Tag{{Key: "TEAM", Value: "red"}, {Key: "Cost", Value: "7"}}, "alice"
		})), temporary + "aws:PrincipalTag/Stage=prod aws:PrincipalTag/TEAM=red aws:PrincipalTag/Cost=7 aws:SourceIdentity=alice",
			isDeploy},
		{"RoleOfAWebIdentity", w.temporary(with(role, func(s *session.Session) {
			s.WebIdentity = &session.WebIdentity{
				Provider: "arn:idp", Context: map[string][]string{"id.example.com:sub": {"repo"}, "id.example.com:amr": {"a", "b"}},
			}
		})), temporary + deploy + "aws:FederatedProvider=arn:idp id.example.com:sub=repo id.example.com:amr=a,b", isDeploy},
		{"FederatedUser", w.temporary(session.Session{Kind: session.Federated, PrincipalID: "AIDAALICE", Name: "carol"}),
			temporary + alice, "aws:userid=" + other + ":carol aws:PrincipalType=FederatedUser !aws:username " +
				"aws:PrincipalArn=arn:aws:sts::" + other + ":federated-user/carol"},
		{"RoleThroughAService", w.temporary(with(role, func(s *session.Session) { s.CalledVia = []string{service} })),
			temporary + deploy + via, isDeploy},
		{"RoleThroughAServiceTwice", w.temporary(with(role, func(s *session.Session) { s.CalledVia = []string{service, service} })),
			temporary + deploy + strings.Replace(via, "=", "="+service+",", 1), isDeploy},
		{"UserThroughAService", w.temporary(session.Session{
			Kind: session.User, PrincipalID: "AIDAALICE", ForwardedKey: "AKIAALICE", CalledVia: []string{service},
		}), inOrg + alice + via, isAlice},
		{"Service", w.longTerm("AKIASERVICE"), "", "aws:PrincipalIsAWSService=true aws:PrincipalServiceName=" + service +
			" !aws:PrincipalArn !aws:userid !aws:PrincipalAccount"},
		{"Nobody", nil, "", "!aws:username !aws:PrincipalOrgID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := w.call(test.who)
			d, err := c.decide(Target{Resource: "arn:aws:iam::" + other + ":user/"}, requestTags{})
			if err != nil {
				t.Fatal(err)
			}
			always := "aws:CurrentTime=2026-06-01T12:00:00Z aws:EpochTime=1780315200 aws:SecureTransport=true " +
				"aws:SourceIp=192.0.2.7 aws:UserAgent=test/1 aws:RequestedRegion=eu-west-1 " +
				"aws:ResourceOrgID=o-1 aws:ResourceOrgPaths=o-1/r-1/ou-1/ " +
				fmt.Sprintf("aws:ViaAWSService=%t ", strings.Contains(test.keys, "CalledVia"))
			want := strings.Fields(always + test.keys)
			var got []string
			for key, values := range d.context {
				got = append(got, key+"="+strings.Join(values, ","))
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
			all, err := iam.NewDocument(allowAll).Policy(eval.Session) // without one, federated users may do nothing
			if err != nil {
				t.Fatal(err)
			}
			p := eval.Policies{Resource: onlyIf(t, test.is), Session: []*eval.Policy{all}}
			d.request.Action = "s3:ListAllMyBuckets" // federated users may call none of IAM
			if out := p.Decide(&d.request); !out.Allowed() {
				t.Errorf("not all hold: %s", test.is)
			}
		})
	}
}

// onlyIf is a policy that allows anybody who has these condition keys, and lacks those that begin with "!".
func onlyIf(t *testing.T, keys string) *eval.Policy {
	t.Helper()
	have, lack := map[string]string{}, map[string]string{}
	for _, field := range strings.Fields(keys) {
		if key, value, ok := strings.Cut(field, "="); ok {
			have[key] = value
		} else {
			lack[field[1:]] = "true"
		}
	}
	conditions := map[string]any{}
	if len(have) > 0 {
		conditions["StringEquals"] = have
	}
	if len(lack) > 0 {
		conditions["Null"] = lack
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": map[string]any{
		"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": conditions,
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := iam.NewDocument(string(text)).Policy(eval.Resource)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheTargetAddsItsKeys(t *testing.T) {
	w := populated(t)
	c := w.call(w.longTerm("AKIAALICE"))
	tags := requestTags{tags: []iam.Tag{{Key: "Team", Value: "red"}, {Key: "Empty"}}, keys: []string{"Team", "Empty"}}
	target := Target{
		Resource: "arn:aws:iam::" + account + ":role/x", Tags: []iam.Tag{{Key: "Owner", Value: "bob"}},
	}.With("iam:PassedToService", "ec2.amazonaws.com").With("aws:MultiFactorAuthPresent", "true")
	d, err := c.decide(target, tags)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"aws:ResourceTag/Owner": "bob", "iam:ResourceTag/Owner": "bob", "aws:RequestTag/Team": "red", "aws:RequestTag/Empty": "",
		"aws:TagKeys": "Team,Empty", "iam:PassedToService": "ec2.amazonaws.com", "aws:MultiFactorAuthPresent": "true",
		"aws:ResourceOrgPaths": "o-1/r-1/", "aws:PrincipalOrgPaths": "o-1/r-1/ou-1/",
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got := strings.Join(d.context[key], ","); d.context[key] == nil || got != want[key] {
			t.Errorf("%s: %q, want %q", key, d.context[key], want[key])
		}
	}
	if d.request.ResourceAccount != account {
		t.Errorf("the resource is in account %q", d.request.ResourceAccount)
	}
}

func TestTheAccountOfAResource(t *testing.T) {
	for arn, want := range map[string]string{
		"*": other, "": other, "arn:aws:iam::" + account + ":user/x": account, "arn:aws:s3:::bucket/a:b:c": other,
		"arn:aws:iam::aws:policy/ReadOnlyAccess": other, "arn:aws:iam::" + account + ":oidc-provider/a:b": account,
		"arn:aws:iam": other,
	} {
		if got := accountOf(arn, other); got != want {
			t.Errorf("%s: %s, want %s", arn, got, want)
		}
	}
}

func TestDenialsSayWhichTypeOfPolicyItIs(t *testing.T) {
	const (
		all  = allowAll
		none = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}`
		deny = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`
		// of a role
		trusted  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + other + `"},"Action":"sts:*"}}`
		untrusty = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":[]},"Action":"sts:*"}}`
		distrust = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:*"}}`
		user     = "User: arn:aws:iam::" + other + ":user/dev/alice is not authorized to perform: "
		onAll    = "sts:AssumeRole on resource: arn:aws:iam::" + other + ":role/dev/deploy"
		abroad   = "sts:AssumeRole on resource: arn:aws:iam::" + account + ":role/admin"
	)
	w := populated(t)
	for _, test := range []struct {
		name                             string
		identity, group, boundary        string
		scp, rcp, session, trust, remote string
		want                             string // behind the resource; "" if it is allowed
	}{
		{name: "Allowed", identity: all, trust: trusted},
		{name: "AllowedByAGroup", group: all, trust: trusted},
		{name: "AllowedInAllWays", identity: all, boundary: all, scp: all, session: all, trust: trusted},
		{name: "AllowedAbroad", identity: all, remote: trusted},
		{name: "Nothing", trust: trusted, want: "because no identity-based policy allows the sts:AssumeRole action"},
		{name: "Identity", identity: deny, trust: trusted, want: "with an explicit deny in an identity-based policy"},
		{name: "Group", identity: all, group: deny, trust: trusted, want: "with an explicit deny in an identity-based policy"},
		{name: "BoundaryIsSilent", identity: all, boundary: none, trust: trusted,
			want: "because no permissions boundary allows the sts:AssumeRole action"},
		{name: "BoundaryDenies", identity: all, boundary: deny, trust: trusted,
			want: "with an explicit deny in a permissions boundary"},
		{name: "SCPIsSilent", identity: all, scp: none, trust: trusted,
			want: "because no service control policy allows the sts:AssumeRole action"},
		{name: "SCPDenies", identity: all, scp: deny, trust: trusted,
			want: "with an explicit deny in a service control policy"},
		{name: "RCPDenies", identity: all, rcp: deny, trust: trusted,
			want: "with an explicit deny in a resource control policy"},
		{name: "RCPOfTheCallersAccountIsNotThatOfTheResource", identity: all, rcp: deny, remote: trusted},
		{name: "SCPOfTheCallersAccountBindsAbroad", identity: all, scp: deny, remote: trusted,
			want: "with an explicit deny in a service control policy"},
		{name: "SessionIsSilent", identity: all, session: none, trust: trusted,
			want: "because no session policy allows the sts:AssumeRole action"},
		{name: "SessionDenies", identity: all, session: deny, trust: trusted,
			want: "with an explicit deny in a session policy"},
		{name: "TrustIsSilent", identity: all, trust: untrusty,
			want: "because no resource-based policy allows the sts:AssumeRole action"},
		{name: "TrustDenies", identity: all, trust: distrust, want: "with an explicit deny in a resource-based policy"},
		{name: "TrustIsSilentAbroad", identity: all, remote: untrusty,
			want: "because no resource-based policy allows the sts:AssumeRole action"},
		{name: "IdentityIsSilentAbroad", remote: trusted,
			want: "because no identity-based policy allows the sts:AssumeRole action"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var puts []iam.Record
			u := *w.longTerm("AKIAALICE").Entity.(*iam.User)
			u.Inline, u.Boundary = inline(test.identity), ""
			if test.boundary != "" {
				p := &iam.Policy{
					Header: iam.Header{Account: other, Name: "edge", Path: "/", ID: "ANPAEDGE"}, Default: "v1",
					Versions: []iam.Version{{ID: "v1", Document: iam.NewDocument(test.boundary)}},
				}
				u.Boundary = p.ARN()
				puts = append(puts, p)
			}
			g := *w.call(nil).State.ByID("AGPADEVS").(*iam.Group)
			g.Inline = inline(test.group)
			a := iam.Account{ID: other, Organization: "o-1", Parent: "ou-1", Policies: []string{iam.RCPFullAWSAccess}}
			for _, p := range []*iam.OrgPolicy{
				{ID: "p-scp", Organization: "o-1", Type: iam.ServiceControl, Document: iam.NewDocument(test.scp)},
				{ID: "p-rcp", Organization: "o-1", Type: iam.ResourceControl, Document: iam.NewDocument(rcp(test.rcp))},
			} {
				switch {
				case p.Document.Text != "":
					a.Policies, puts = append(a.Policies, p.ID), append(puts, p)
				case p.Type == iam.ServiceControl:
					a.Policies = append(a.Policies, iam.FullAWSAccess)
				}
			}
			w.put(append(puts, &u, &g, &a)...)
			who := w.longTerm("AKIAALICE")
			if test.session != "" { // as a federated user's would be
				who.Session = &session.Session{Kind: session.User, Policies: []string{test.session}}
			}
			target, text := Target{Action: "sts:AssumeRole", Resource: "arn:aws:iam::" + other + ":role/dev/deploy"}, test.trust
			if test.remote != "" {
				target.Resource, text = "arn:aws:iam::"+account+":role/admin", test.remote
			}
			var err error
			if target.Policy, err = iam.NewDocument(text).Policy(eval.Resource); err != nil {
				t.Fatal(err)
			}
			c := w.call(who)
			err = c.authorize(target, requestTags{})
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			denied, ok := err.(*iam.Error)
			if !ok || denied.Code != iam.AccessDenied {
				t.Fatalf("error %v", err)
			}
			on := onAll
			if test.remote != "" {
				on = abroad
			}
			message, encoded, _ := strings.Cut(denied.Message, encodedMessage)
			if want := user + on + " " + test.want; message != want {
				t.Errorf("got  %s\nwant %s", message, want)
			}
			checkExplanation(t, c, encoded, strings.Contains(test.want, "explicit"))
		})
	}
}

func rcp(text string) string {
	return strings.Replace(text, `"Effect"`, `"Principal":"*","Effect"`, 1)
}

func inline(text string) []iam.Inline {
	if text == "" {
		return nil
	}
	return []iam.Inline{{Name: "in", Document: iam.NewDocument(text)}}
}

// checkExplanation opens the encoded message of a denial, which only the caller's account can.
func checkExplanation(t *testing.T, c *Call, encoded string, explicit bool) {
	t.Helper()
	if _, err := c.Keys.OpenMessage(account, encoded); err == nil {
		t.Error("another account can open the message")
	}
	text, err := c.Keys.OpenMessage(other, encoded)
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Allowed, ExplicitDeny bool
		MatchedStatements     items[matchedStatement]
		Context               struct {
			Principal struct{ ID, ARN string }
			Action    string
		}
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	if m.Allowed || m.ExplicitDeny != explicit || m.Context.Action != "sts:AssumeRole" || m.Context.Principal.ID != "AIDAALICE" {
		t.Errorf("the message says %s", text)
	}
	if denies := slices.ContainsFunc(m.MatchedStatements.Items, func(s matchedStatement) bool {
		return s.Effect == "DENY"
	}); denies != explicit {
		t.Errorf("the statements are %+v", m.MatchedStatements.Items)
	}
}

func TestAProviderIsNotToldWhyItIsDenied(t *testing.T) {
	w := populated(t)
	p, err := eval.ParsePrincipal("arn:aws:iam::" + other + ":oidc-provider/id.example.com")
	if err != nil {
		t.Fatal(err)
	}
	c := w.call(&Caller{Principal: p, Provider: p.String(), ARN: p.String()})
	err = c.authorize(Target{Action: "sts:AssumeRoleWithWebIdentity", Resource: "arn:aws:iam::" + other + ":role/x"}, requestTags{})
	if err == nil || err.Error() != "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity" {
		t.Errorf("error %v", err)
	}
}

func TestWhatElseACallNeedsIsDecidedToo(t *testing.T) {
	w := populated(t)
	u := *w.longTerm("AKIAALICE").Entity.(*iam.User)
	u.Inline = inline(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:CreateRole","Resource":"*"}}`)
	w.put(&u)
	c := w.call(w.longTerm("AKIAALICE"))
	role := "arn:aws:iam::" + other + ":role/x"
	create := Target{Action: "iam:CreateRole", Resource: role}
	if err := c.authorize(create, requestTags{}); err != nil {
		t.Error(err)
	}
	create.Also = []Target{{Action: "iam:TagRole", Resource: role}}
	if err := c.authorize(create, requestTags{}); !iam.Is(err, iam.AccessDenied) || !strings.Contains(err.Error(), "iam:TagRole") {
		t.Errorf("error %v", err)
	}
	if len(c.decisions) != 3 {
		t.Errorf("%d decisions are on record", len(c.decisions))
	}
}

func TestAFailureBeforeTheDecisionIsADenial(t *testing.T) {
	w := populated(t)
	u := *w.longTerm("AKIAALICE").Entity.(*iam.User)
	u.Inline = inline(allowAll)
	u.Attached = []string{"arn:aws:iam::" + other + ":policy/Gone"}
	w.put(&u)
	c := w.call(w.longTerm("AKIAALICE"))
	if err := c.authorize(Target{Resource: "*"}, requestTags{}); err == nil {
		t.Error("allowed, though a policy cannot be had")
	}
	if ok, err := c.Allowed(Target{Resource: "*"}); ok || err == nil {
		t.Errorf("allowed, though a policy cannot be had: %v, %v", ok, err)
	}
}

func TestSessionsEndWithWhatIsBehindThem(t *testing.T) {
	w := populated(t)
	state := w.call(nil).State
	fine := session.Session{
		Account: other, AccessKeyID: "ASIA1", Kind: session.AssumedRole, PrincipalID: "AROADEPLOY", Name: "ci",
		Issued: now, Expires: now.Add(time.Hour),
	}
	for name, change := range map[string]func(*session.Session){
		"Fine":                   func(*session.Session) {},
		"Expired":                func(s *session.Session) { s.Expires = now },
		"RoleOfAnotherID":        func(s *session.Session) { s.PrincipalID = "AROAOTHER" },
		"RoleThatIsAUser":        func(s *session.Session) { s.PrincipalID = "AIDAALICE" },
		"UserThatIsARole":        func(s *session.Session) { s.Kind = session.User },
		"FederatedOfNobody":      func(s *session.Session) { s.Kind, s.PrincipalID = session.Federated, "AIDAGONE" },
		"RootOfNoAccount":        func(s *session.Session) { s.Kind, s.Account = session.Root, "999999999999" },
		"ThroughAnUnknown":       func(s *session.Session) { s.CalledVia = []string{"gone.amazonaws.com"} },
		"ForAKeyThatIsGone":      func(s *session.Session) { s.ForwardedKey = "AKIAGONE" },
		"ForAKeyOfOtherAccounts": func(s *session.Session) { s.ForwardedKey = "AKIASERVICE" },
		"OfNoKind":               func(s *session.Session) { s.Kind = 0 },
	} {
		s := fine
		change(&s)
		who, err := temporary(state, &s, now)
		want := iam.InvalidClientTokenID
		if name == "Expired" {
			want = iam.ExpiredToken
		}
		if name == "Fine" {
			if err != nil || who.Root() {
				t.Errorf("%s: %v", name, err)
			}
		} else if !iam.Is(err, want) || who != nil {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
	}
	a := iam.Account{ID: other, Suspended: true}
	w.put(&a)
	if _, err := temporary(w.call(nil).State, &fine, now); !iam.Is(err, iam.InvalidClientTokenID) {
		t.Errorf("in an account that is closed: %v", err)
	}
}

func TestCredentialsAreNotGoodForAllOperations(t *testing.T) {
	for _, test := range []struct {
		name string
		s    *session.Session
		want string // of the calls below: y or n
	}{
		{"LongTerm", nil, "yyyyyy"},
		{"User", &session.Session{Kind: session.User}, "nyynny"},
		{"UserWithMFA", &session.Session{Kind: session.User, MFA: true}, "yyynny"},
		{"Root", &session.Session{Kind: session.Root}, "nyynny"},
		{"Federated", &session.Session{Kind: session.Federated}, "nynnny"},
		{"FederatedByRoot", &session.Session{Kind: session.FederatedRoot, MFA: true}, "nynnny"},
		{"Role", &session.Session{Kind: session.AssumedRole}, "yyynny"},
		{"RoleThroughAService", &session.Session{Kind: session.AssumedRole, CalledVia: []string{"a.b"}}, "yynnny"},
		{"KeyThroughAService", &session.Session{
			Kind: session.User, ForwardedKey: "AKIA", CalledVia: []string{"a.b"},
		}, "yynnny"},
		{"FederatedThroughAService", &session.Session{Kind: session.Federated, CalledVia: []string{"a.b"}}, "nynnny"},
	} {
		got := ""
		for _, call := range [][2]string{
			{"iam", "ListUsers"}, {"sts", "GetCallerIdentity"}, {"sts", "AssumeRole"}, {"sts", "GetSessionToken"},
			{"sts", "GetFederationToken"}, {"organizations", "ListRoots"},
		} {
			err := (&Caller{Session: test.s}).may(&Service{Name: call[0]}, &Operation{Name: call[1]})
			got += map[bool]string{true: "y", false: "n"}[err == nil]
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if err := (*Caller)(nil).may(&Service{Name: "sts"}, &Operation{Name: "AssumeRoleWithWebIdentity"}); err != nil {
		t.Error(err)
	}
}

func TestTagsWhoseKeysDifferInCaseAreRefused(t *testing.T) {
	for _, test := range []struct {
		keys string
		ok   bool
	}{
		{"a b", true}, {"a A", false}, {"Straße STRASSE", true}, {"é É", false},
		{"\u0130 i", false}, {"K \u212a", false}, // which condition keys take for one, and strings.EqualFold for two
	} {
		var r requestTags
		for _, key := range strings.Fields(test.keys) {
			r.tags = append(r.tags, iam.Tag{Key: key})
		}
		if err := r.check(); err == nil != test.ok {
			t.Errorf("%q: %v", test.keys, err)
		}
		u := &iam.User{}
		if err := iam.SetTags(u, r.tags); err != nil || (len(u.Tags) == 2) != test.ok {
			t.Errorf("%q: a user has them as %q, %v", test.keys, u.Tags, err)
		}
	}
}
