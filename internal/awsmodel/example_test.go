package awsmodel_test

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/internal/awsmodel"
)

func ExampleOperation_Validate() {
	op := awsmodel.IAM().Operation("CreateUser")
	fmt.Println(op.Validate(&iam.CreateUserInput{UserName: aws.String("Bob")}))
	fmt.Println(op.Validate(&iam.CreateUserInput{Path: aws.String("/staff/")}))
	// Output:
	// <nil>
	// 1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null
}

func ExampleService_Status() {
	fmt.Println(awsmodel.IAM().Status("NoSuchEntity"), awsmodel.IAM().Status("AccessDenied"))
	// Output: 404 403
}
