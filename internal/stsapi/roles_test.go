package stsapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func TestARoleIsAssumedByThoseItTrusts(t *testing.T) {
	w := newWorld(t)
	alice := w.user("alice")
	bob := w.user("bob", allow("sts:AssumeRole", "*"))
	trustAlice := trusting(`{"AWS":"arn:aws:iam::`+account+`:user/alice"}`, "sts:AssumeRole", "")
	byName := w.role("by-name", trustAlice, allow("iam:ListUsers", "*"))
	byAccount := w.role("by-account", trusting(own, "sts:AssumeRole", ""))

	out, err := assume(alice, byName)
	w.must(err)
	if got, want := *out.AssumedRoleUser.Arn, "arn:aws:sts::"+account+":assumed-role/by-name/session"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if id := *out.AssumedRoleUser.AssumedRoleId; !strings.HasPrefix(id, "AROA") || !strings.HasSuffix(id, ":session") {
		t.Errorf("got %s", id)
	}
	if !strings.HasPrefix(*out.Credentials.AccessKeyId, "ASIA") || out.PackedPolicySize != nil {
		t.Errorf("got %s, %v", *out.Credentials.AccessKeyId, out.PackedPolicySize)
	}
	if life := out.Credentials.Expiration.Sub(w.now()); life < 59*time.Minute || life > time.Hour {
		t.Errorf("lasts %v", life)
	}
	w.must(canList(w.with(out.Credentials)))

	// Trust in the account hands the decision to the policies of the account's identities.
	w.assume(bob, byAccount)
	_, err = assume(alice, byAccount)
	wantError(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: "+byAccount)
}

func TestARoleThatIsNotThereAnswersAsOneThatDoesNotTrust(t *testing.T) {
	w := newWorld(t)
	bob := w.user("bob", allow("sts:*", "*"))
	there := w.role("there", trusting(`{"Service":"lambda.amazonaws.com"}`, "sts:AssumeRole", ""))
	var messages []string
	gone, elsewhere := strings.Replace(there, "there", "gone", 1), strings.Replace(there, account, "444455556666", 1)
	for _, arn := range []string{there, gone, elsewhere} {
		_, err := assume(bob, arn)
		wantError(t, err, "AccessDenied", "sts:AssumeRole on resource: "+arn)
		message, _, _ := strings.Cut(err.Error()[strings.Index(err.Error(), "AccessDenied"):], ". Encoded")
		messages = append(messages, strings.ReplaceAll(message, arn, "ROLE"))
	}
	if messages[0] != messages[1] || messages[0] != messages[2] {
		t.Errorf("told apart: %q", messages)
	}
	_, err := assume(bob, "arn:aws:iam::"+account+":user/somebody")
	wantError(t, err, "ValidationError", "is invalid")
}

func TestTheRootUserMayNotAssumeRoles(t *testing.T) {
	w := newWorld(t)
	arn := w.role("r", trusting(own, "sts:AssumeRole", ""))
	_, err := assume(w.Config(w.AccessKeyID, w.SecretAccessKey, ""), arn)
	wantError(t, err, "AccessDenied", "Roles may not be assumed by root accounts.")
}

func TestConditionsOfATrustPolicy(t *testing.T) {
	w := newWorld(t)
	bob := w.user("bob", allow("sts:AssumeRole", "*"))
	byExternalID := w.role("external",
		trusting(own, "sts:AssumeRole", `{"StringEquals":{"sts:ExternalId":"secret-42"}}`))
	byName := w.role("named",
		trusting(own, "sts:AssumeRole", `{"StringLike":{"sts:RoleSessionName":"${aws:username}"}}`))

	_, err := assume(bob, byExternalID)
	wantError(t, err, "AccessDenied", "sts:AssumeRole")
	_, err = assume(bob, byExternalID, func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("secret-41") })
	wantError(t, err, "AccessDenied", "sts:AssumeRole")
	w.assume(bob, byExternalID, func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("secret-42") })
	_, err = assume(bob, byName, func(in *sts.AssumeRoleInput) {
		in.ProvidedContexts = []types.ProvidedContext{{
			ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"), ContextAssertion: aws.String("xxxx"),
		}}
	})
	wantError(t, err, "InvalidParameterValue", "ProvidedContexts")
	_, err = assume(bob, byName)
	wantError(t, err, "AccessDenied", "sts:AssumeRole")
	w.assume(bob, byName, func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("bob") })
}

func TestHowLongARolesSessionLasts(t *testing.T) {
	w := newWorld(t)
	bob := w.user("bob", allow("sts:AssumeRole", "*"))
	arn := w.role("r", trusting(own, "sts:AssumeRole", ""), allow("sts:AssumeRole", "*"))
	_, err := w.IAM().UpdateRole(ctx, &iam.UpdateRoleInput{
		RoleName: aws.String("r"), MaxSessionDuration: aws.Int32(7200),
	})
	w.must(err)
	chained := w.assume(bob, arn)
	for _, c := range []struct {
		from          aws.Config
		seconds       int32
		code, message string
	}{
		{bob, 900, "", ""},
		{bob, 7200, "", ""},
		{
			bob, 7201, "ValidationError",
			"The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
		},
		{bob, 899, "ValidationError", "durationSeconds"},
		{chained, 3600, "", ""},
		{
			chained, 3601, "ValidationError",
			"The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
		},
	} {
		out, err := assume(c.from, arn, func(in *sts.AssumeRoleInput) { in.DurationSeconds = &c.seconds })
		if c.code != "" {
			wantError(t, err, c.code, c.message)
			continue
		}
		w.must(err)
		want := time.Duration(c.seconds) * time.Second
		if life := out.Credentials.Expiration.Sub(w.now()); life > want || life < want-time.Minute {
			t.Errorf("%d seconds: lasts %v", c.seconds, life)
		}
	}
}

func TestSessionTags(t *testing.T) {
	w := newWorld(t)
	bob := w.user("bob", allow("sts:AssumeRole sts:TagSession", "*"))
	lister := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"red"}}},
		{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"*"}]}`
	both := "sts:AssumeRole sts:TagSession"
	arn := w.role("tagged", trusting(own, both, ""), lister)
	untaggable := w.role("untaggable", trusting(own, "sts:AssumeRole", ""), lister)
	onlyRed := w.role("only-red", trusting(own, both, `{"StringEquals":{"aws:RequestTag/team":"red"},
		"ForAllValues:StringEquals":{"aws:TagKeys":["team"],"sts:TransitiveTagKeys":["team"]}}`))
	_, err := w.IAM().TagRole(ctx, &iam.TagRoleInput{
		RoleName: aws.String("tagged"), Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("green")}},
	})
	w.must(err)
	tagged := func(transitive []string, tags ...types.Tag) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.Tags, in.TransitiveTagKeys = tags, transitive }
	}

	wantError(t, canList(w.assume(bob, arn)), "AccessDenied", "iam:ListUsers")
	w.must(canList(w.assume(bob, arn, tagged(nil, tag("Team", "red")))))
	wantError(t, canList(w.assume(bob, arn, tagged(nil, tag("team", "blue")))), "AccessDenied", "iam:ListUsers")
	w.assume(bob, onlyRed, tagged([]string{"team"}, tag("team", "red")))

	for _, c := range []struct {
		arn           string
		with          func(*sts.AssumeRoleInput)
		code, message string
	}{
		{untaggable, tagged(nil, tag("team", "red")), "AccessDenied", "sts:TagSession"},
		{onlyRed, tagged(nil, tag("team", "blue")), "AccessDenied", "not authorized"},
		{onlyRed, tagged(nil, tag("team", "red"), tag("cost", "1")), "AccessDenied", "not authorized"},
		{
			arn, tagged(nil, tag("team", "red"), tag("TEAM", "red")), "InvalidParameterValue",
			"Duplicate tag keys found. Please note that Tag keys are case insensitive.",
		},
		{
			arn, tagged([]string{"cost"}, tag("team", "red")), "InvalidParameterValue",
			"The specified transitive tag key must be included in the requested tags.",
		},
		{arn, tagged(nil, tag("aws:team", "red")), "InvalidParameterValue", "reserved"},
	} {
		_, err := assume(bob, c.arn, c.with)
		wantError(t, err, c.code, c.message)
	}

	// Transitive tags go along the chain, where they need permission again and cannot be set to anything else.
	first := w.assume(bob, arn, tagged([]string{"team"}, tag("team", "red"), tag("cost", "1")))
	second := w.assume(first, arn)
	w.must(canList(second))
	w.must(canList(w.assume(second, arn)))
	_, err = assume(first, untaggable)
	wantError(t, err, "AccessDenied", "sts:TagSession")
	_, err = assume(first, arn, tagged(nil, tag("TEAM", "blue")))
	wantError(t, err, "InvalidParameterValue", "conflicts with a transitive tag key from the calling session")
}

func TestTheSourceIdentityGoesAlongTheChain(t *testing.T) {
	w := newWorld(t)
	may := "sts:AssumeRole sts:SetSourceIdentity"
	bob := w.user("bob", allow(may, "*"))
	lister := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*","Condition":{"StringEquals":{"aws:SourceIdentity":"bob"}}},
		{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Resource":"*"}]}`
	arn := w.role("r", trusting(own, may, `{"StringLikeIfExists":{"sts:SourceIdentity":"b*"}}`), lister)
	plain := w.role("plain", trusting(own, "sts:AssumeRole", ""), lister)
	as := func(name string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.SourceIdentity = &name }
	}
	out, err := assume(bob, arn, as("bob"))
	w.must(err)
	if *out.SourceIdentity != "bob" {
		t.Errorf("got %v", out.SourceIdentity)
	}
	first := w.with(out.Credentials)
	w.must(canList(first))
	w.must(canList(w.assume(first, arn)))
	w.must(canList(w.assume(first, arn, as("bob"))))
	wantError(t, canList(w.assume(bob, arn)), "AccessDenied", "iam:ListUsers")

	_, err = assume(bob, arn, as("alice"))
	wantError(t, err, "AccessDenied", "not authorized")
	_, err = assume(bob, plain, as("bob"))
	wantError(t, err, "AccessDenied", "sts:SetSourceIdentity")
	_, err = assume(first, plain)
	wantError(t, err, "AccessDenied", "sts:SetSourceIdentity")
	_, err = assume(first, arn, as("bill"))
	wantError(t, err, "AccessDenied", "cannot be changed")
	_, err = assume(bob, arn, as("aws:bob"))
	wantError(t, err, "ValidationError", "")
}

func TestSessionPoliciesLimitASession(t *testing.T) {
	w := newWorld(t)
	bob := w.user("bob", allow("sts:AssumeRole", "*"))
	arn := w.role("r", trusting(own, "sts:AssumeRole", ""), allow("iam:*", "*"))
	mine, err := w.IAM().CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("iam:ListUsers", "*")),
	})
	w.must(err)
	with := func(inline string, arns ...string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) {
			if inline != "" {
				in.Policy = &inline
			}
			for _, a := range arns {
				in.PolicyArns = append(in.PolicyArns, types.PolicyDescriptorType{Arn: &a})
			}
		}
	}
	readOnly := "arn:aws:iam::aws:policy/IAMReadOnlyAccess"

	for _, o := range []func(*sts.AssumeRoleInput){
		with(""), with(allow("iam:List*", "*")), with("", readOnly), with("", *mine.Policy.Arn),
	} {
		w.must(canList(w.assume(bob, arn, o)))
	}
	// A session may do what any of its policies allows, if the role may.
	w.must(canList(w.assume(bob, arn, with(allow("s3:*", "*"), readOnly))))
	for _, o := range []func(*sts.AssumeRoleInput){
		with(allow("s3:*", "*")), with("", "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
	} {
		wantError(t, canList(w.assume(bob, arn, o)), "AccessDenied",
			"no session policy allows the iam:ListUsers action")
	}
	out, err := assume(bob, arn, with(allow("iam:List*", "*")))
	w.must(err)
	if p := *out.PackedPolicySize; p < 1 || p > 20 {
		t.Errorf("packed %d %%", p)
	}

	eleven := make([]string, 11)
	for i := range eleven {
		eleven[i] = readOnly
	}
	for _, c := range []struct {
		with          func(*sts.AssumeRoleInput)
		code, message string
	}{
		{with(`{"Version":"2012-10-17"`), "MalformedPolicyDocument", ""},
		{with(trusting(own, "iam:*", "")), "MalformedPolicyDocument", ""},
		{with("", "arn:aws:iam::aws:policy/NoSuchPolicy"), "MalformedPolicyDocument", "NoSuchPolicy"},
		{with("", "arn:aws:iam::444455556666:policy/p"), "MalformedPolicyDocument", "444455556666"},
		{with("", eleven...), "ValidationError", "policyArns"},
		{
			with(allow("iam:List*", "arn:aws:iam::"+account+":user/"+strings.Repeat("x", 2048))), "PackedPolicyTooLarge",
			"% of allotted space",
		},
	} {
		_, err := assume(bob, arn, c.with)
		wantError(t, err, c.code, c.message)
	}

	// A managed policy that is gone allows nothing any more.
	limited := w.assume(bob, arn, with("", *mine.Policy.Arn))
	_, err = w.IAM().DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: mine.Policy.Arn})
	w.must(err)
	wantError(t, canList(limited), "AccessDenied", "no session policy allows")
}

func TestASessionEndsWithItsRole(t *testing.T) {
	w := newWorld(t)
	bob := w.user("bob", allow("sts:AssumeRole", "*"))
	trust := trusting(own, "sts:AssumeRole", "")
	arn := w.role("r", trust, allow("iam:ListUsers", "*"))
	before := w.assume(bob, arn)
	w.must(canList(before))

	// Revoked, as the console does it: what was issued before now is denied everything.
	w.turn(2 * time.Second)
	revoke := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*",
		"Condition":{"DateLessThan":{"aws:TokenIssueTime":%q}}}}`, w.now().UTC().Format(time.RFC3339))
	_, err := w.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String("r"), PolicyName: aws.String("AWSRevokeOlderSessions"), PolicyDocument: &revoke,
	})
	w.must(err)
	wantError(t, canList(before), "AccessDenied", "explicit deny in an identity-based policy")
	w.turn(2 * time.Second)
	after := w.assume(bob, arn)
	w.must(canList(after))

	// Deleted: a namesake is another role.
	for _, p := range []string{"p0", "AWSRevokeOlderSessions"} {
		_, err = w.IAM().DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String("r"), PolicyName: &p})
		w.must(err)
	}
	_, err = w.IAM().DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("r")})
	w.must(err)
	wantError(t, canList(after), "InvalidClientTokenId", "The security token included in the request is invalid.")
	w.role("r", trust, allow("iam:ListUsers", "*"))
	wantError(t, canList(after), "InvalidClientTokenId", "The security token included in the request is invalid.")
}

func TestASessionExpires(t *testing.T) {
	w := newWorld(t)
	bob := w.user("bob", allow("sts:AssumeRole", "*"))
	arn := w.role("r", trusting(own, "sts:AssumeRole", ""), allow("iam:ListUsers", "*"))
	s := w.assume(bob, arn, func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(900) })
	w.must(canList(s))
	w.turn(15 * time.Minute)
	wantError(t, canList(s), "ExpiredToken", "The security token included in the request is expired")
}
