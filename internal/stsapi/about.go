package stsapi

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sts "github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/iam"
	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/internal/session"
)

// about are the operations that tell something and issue nothing.
var about = []op.Operation{
	op.New("GetCallerIdentity", func(*op.Call, *sts.GetCallerIdentityInput) (op.Target, error) {
		return op.Target{Free: true}, nil
	}, getCallerIdentity),
	op.New("GetAccessKeyInfo", op.Everything[sts.GetAccessKeyInfoInput], getAccessKeyInfo),
	op.New("DecodeAuthorizationMessage", op.Everything[sts.DecodeAuthorizationMessageInput],
		decodeAuthorizationMessage),
}

func getCallerIdentity(
	_ context.Context, c *op.Call, _ *sts.GetCallerIdentityInput,
) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{
		Account: aws.String(c.Caller.Account), Arn: aws.String(c.Caller.ARN), UserId: aws.String(c.Caller.UserID),
	}, nil
}

// getAccessKeyInfo reads the account out of the id. As on AWS, it does not say whether there is such a key.
func getAccessKeyInfo(
	_ context.Context, _ *op.Call, in *sts.GetAccessKeyInfoInput,
) (*sts.GetAccessKeyInfoOutput, error) {
	account, ok := session.AccountOf(*in.AccessKeyId)
	if !ok {
		return nil, iam.Errorf(iam.ValidationError, "Invalid access key id: no account can be read out of it.")
	}
	return &sts.GetAccessKeyInfoOutput{Account: aws.String(account)}, nil
}

// decodeAuthorizationMessage opens a message about a denied call of the caller's own account: to others it is as if
// it were not valid.
func decodeAuthorizationMessage(
	_ context.Context, c *op.Call, in *sts.DecodeAuthorizationMessageInput,
) (*sts.DecodeAuthorizationMessageOutput, error) {
	message, err := c.Keys.OpenMessage(c.Account(), *in.EncodedMessage)
	if err != nil || strings.ContainsAny(*in.EncodedMessage, "\r\n") { // which base64 would skip
		return nil, iam.Errorf("InvalidAuthorizationMessageException", "Message is not valid")
	}
	return &sts.DecodeAuthorizationMessageOutput{DecodedMessage: aws.String(string(message))}, nil
}
