package awsjson

import "github.com/writ-iam/writ/internal/awsmodel"

// CodeInvalidInput is the code that Organizations has for inputs that do not keep to the model.
const CodeInvalidInput = "InvalidInputException"

// InvalidInput returns what Organizations tells of an input that does not keep to the model: the message and the reason
// of an InvalidInputException, which speak of the first violation and do not say where it is. The message for a pattern
// is one recorded on AWS; the others are the sentences of the page.
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html#API_CreateAccount_Errors
func InvalidInput(e *awsmodel.ValidationError) (message, reason string) {
	var first awsmodel.Constraint
	if len(e.Violations) > 0 {
		first = e.Violations[0].Constraint
	}
	switch first {
	case awsmodel.NotNull:
		return "You must include a value for all required parameters.", "INPUT_REQUIRED"
	case awsmodel.InEnum:
		return "You specified an invalid value.", "INVALID_ENUM"
	case awsmodel.Matches:
		return "You provided a value that does not match the required pattern.", "INVALID_PATTERN"
	case awsmodel.MinLength:
		return "You provided a string parameter that is shorter than allowed.", "MIN_LENGTH_EXCEEDED"
	case awsmodel.MaxLength:
		return "You provided a string parameter that is longer than allowed.", "MAX_LENGTH_EXCEEDED"
	case awsmodel.MinValue:
		return "You provided a numeric parameter that has a smaller value than allowed.", "MIN_VALUE_EXCEEDED"
	case awsmodel.MaxValue:
		return "You provided a numeric parameter that has a larger value than allowed.", "MAX_VALUE_EXCEEDED"
	}
	return "The requested operation failed because you provided invalid values for one or more of the request " +
		"parameters.", "INVALID_PATTERN"
}
