package stsapi

import (
	"bytes"
	"compress/flate"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/writ-iam/writ/eval"
	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
)

// The limits on what a session carries. AWS packs policies and tags in a form that it does not publish; here they are
// deflated, and have about as much room.
const (
	maxPolicyARNs  = 10
	maxPolicyPlain = 2048 // characters of the inline policy and of the ARNs
	maxPacked      = 2048 // bytes
)

// limit puts the session policies that a request passes into a session of an account, whose managed policies they may
// name, and measures them together with its tags. The percentage is nil if there is nothing to measure, as on AWS.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
func limit(c *op.Call, s *session.Session, inline *string, arns []types.PolicyDescriptorType) (*int32, error) {
	plain := 0
	if inline != nil {
		if _, err := iam.NewDocument(*inline).Policy(eval.Session); err != nil {
			return nil, iam.Errorf(iam.MalformedPolicyDocument, "%v", err)
		}
		s.Policies = []string{*inline}
		plain = len(*inline)
	}
	if len(arns) > maxPolicyARNs {
		return nil, iam.Errorf(iam.ValidationError,
			"1 validation error detected: Value at 'policyArns' failed to satisfy constraint: "+
				"Member must have length less than or equal to %d", maxPolicyARNs)
	}
	for _, p := range arns {
		arn := aws.ToString(p.Arn)
		if !iam.IsAWSManaged(arn) {
			if _, own := iam.PolicyName(s.Account, arn); !own {
				return nil, notThere(arn)
			}
		}
		if c.State.ManagedDocument(arn, "") == nil {
			return nil, notThere(arn)
		}
		if _, _, err := c.State.Managed(arn, eval.Session); err != nil {
			return nil, iam.Errorf(iam.MalformedPolicyDocument, "%v", err)
		}
		s.PolicyARNs = append(s.PolicyARNs, arn)
		plain += len(arn)
	}
	if plain == 0 && len(s.Tags) == 0 {
		return nil, nil
	}
	percent := max(packed(s)*100/maxPacked, 1)
	if plain > maxPolicyPlain {
		percent = max(percent, plain*100/maxPolicyPlain)
	}
	if percent > 100 || plain > maxPolicyPlain {
		return nil, iam.Errorf("PackedPolicyTooLarge",
			"Packed policy consumes %d%% of allotted space, please use smaller policy.", percent)
	}
	return aws.Int32(int32(percent)), nil
}

func notThere(arn string) error {
	return iam.Errorf(iam.MalformedPolicyDocument,
		"The managed policy %s does not exist in the account of the session.", arn)
}

// packed is the number of bytes that policies and tags come to.
func packed(s *session.Session) int {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err) // the level is a valid one
	}
	for _, list := range [][]string{s.Policies, s.PolicyARNs} {
		for _, text := range list {
			io.WriteString(w, text)
		}
	}
	for _, t := range s.Tags {
		io.WriteString(w, t.Key+"\x00"+t.Value+"\x00")
	}
	w.Close()
	return b.Len()
}
