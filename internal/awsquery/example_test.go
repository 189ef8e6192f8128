package awsquery_test

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/writ-iam/writ/internal/awsmodel"
	"github.com/writ-iam/writ/internal/awsquery"
)

func Example() {
	form, _ := url.ParseQuery("Action=GetAccessKeyInfo&Version=2011-06-15&AccessKeyId=AKIAIOSFODNN7EXAMPLE")
	op := awsmodel.STS().Operation(form.Get("Action"))
	var in sts.GetAccessKeyInfoInput
	if err := awsquery.DecodeInput(op, form, &in); err != nil {
		fmt.Println(err)
	}
	fmt.Println(aws.ToString(in.AccessKeyId))

	out := &sts.GetAccessKeyInfoOutput{Account: aws.String("123456789012")}
	body, err := awsquery.EncodeResponse(nil, op, out, "c6104cbe")
	fmt.Println(strings.ReplaceAll(string(body), "><", ">\n<"), err)
	// Output:
	// AKIAIOSFODNN7EXAMPLE
	// <GetAccessKeyInfoResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
	// <GetAccessKeyInfoResult>
	// <Account>123456789012</Account>
	// </GetAccessKeyInfoResult>
	// <ResponseMetadata>
	// <RequestId>c6104cbe</RequestId>
	// </ResponseMetadata>
	// </GetAccessKeyInfoResponse> <nil>
}
