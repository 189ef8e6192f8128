// Package awsmodel is what AWS publishes about the shape of its APIs: the operations of IAM, STS and Organizations,
// their inputs and outputs, what an input's members must keep to, and the errors with their HTTP statuses.
//
//	op := awsmodel.IAM().Operation("CreateUser")
//	err := op.Validate(&iam.CreateUserInput{UserName: aws.String("no spaces, please")})
//	// 1 validation error detected: Value 'no spaces, please' at 'userName' failed to satisfy constraint:
//	// Member must satisfy regular expression pattern: [\w+=,.@-]+
//
// The models are those of botocore, AWS's SDK for Python, without their texts; internal/gen/awsmodel makes the files
// that are embedded here. A model is read when it is first asked for.
//
// The values that a model describes are the structs of the AWS SDK for Go. A [Binding] joins a shape with a Go type;
// the codecs awsquery and awsjson and [Operation.Validate] walk it, so that none looks up a field by name twice.
//
// The package follows the models where the API is stricter or more lenient: an existing user may have a name of 128
// characters. It does not check what only the service can know: whether an ARN is one, whether a quota is reached.
//
// https://docs.aws.amazon.com/IAM/latest/APIReference/ ,
// https://docs.aws.amazon.com/STS/latest/APIReference/ ,
// https://docs.aws.amazon.com/organizations/latest/APIReference/
package awsmodel

import (
	_ "embed"
	"fmt"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed iam.json.gz
var iamFile []byte

//go:embed sts.json.gz
var stsFile []byte

//go:embed organizations.json.gz
var organizationsFile []byte

var (
	openIAM           = sync.OnceValue(func() *Service { return open("iam", iamFile) })
	openSTS           = sync.OnceValue(func() *Service { return open("sts", stsFile) })
	openOrganizations = sync.OnceValue(func() *Service { return open("organizations", organizationsFile) })
)

// IAM is the model of AWS Identity and Access Management, version 2010-05-08.
func IAM() *Service { return openIAM() }

// STS is the model of the AWS Security Token Service, version 2011-06-15.
func STS() *Service { return openSTS() }

// Organizations is the model of AWS Organizations, version 2016-11-28.
func Organizations() *Service { return openOrganizations() }

// open reads an embedded file. That it cannot be read is a fault of the build, which tests find.
func open(name string, content []byte) *Service {
	f, err := decodeFile(content)
	if err == nil {
		var s *Service
		if s, err = f.service(name, "botocore "); err == nil {
			return s
		}
	}
	panic(fmt.Sprintf("awsmodel: the embedded model of %s: %v", name, err))
}

// A Protocol is how a service's requests and responses look on the wire.
type Protocol string

// The protocols of the three services.
const (
	Query Protocol = "query" // form parameters in, XML out
	JSON  Protocol = "json"  // JSON 1.1
)

// A Service is the model of one API. It is not changed once it is read, and may be used by many goroutines.
type Service struct {
	Name         string      // as in credential scopes and endpoints: iam
	Version      string      // of the API: 2010-05-08
	Namespace    string      // of the XML in responses; "" for JSON
	Protocol     Protocol    // Query or JSON
	TargetPrefix string      // before the operation's name in X-Amz-Target; "" for Query
	Source       string      // what the model was taken from: "botocore 1.2.3"
	Operations   []Operation // sorted by name

	byName map[string]*Operation
	errors map[string]*Error
}

// Operation returns the operation of a name, and nil if there is none.
func (s *Service) Operation(name string) *Operation { return s.byName[name] }

// Error returns the error that the service's model declares for a code, and nil if it declares none.
func (s *Service) Error(code string) *Error { return s.errors[code] }

// An Operation is one operation of a service.
type Operation struct {
	Name          string
	Service       *Service
	Input         *Shape   // a structure; nil for an operation without parameters
	Output        *Shape   // a structure; nil for an operation that returns nothing
	ResultWrapper string   // the XML element around the output: CreateUserResult; "" for JSON and without an output
	Errors        []*Error // that the operation declares, besides those that all have in common
	NoAuth        bool     // is called without a signature
}

// An Error is an error that a service's model declares.
type Error struct {
	Shape  *Shape // NoSuchEntityException
	Code   string // on the wire: NoSuchEntity
	Status int    // the HTTP status
}

// A Kind is the kind of a shape's values.
type Kind string

// The kinds, by their names in the models.
const (
	Structure Kind = "structure"
	List      Kind = "list"
	Map       Kind = "map"
	String    Kind = "string"
	Integer   Kind = "integer"
	Boolean   Kind = "boolean"
	Timestamp Kind = "timestamp"
	Blob      Kind = "blob"
)

// A Shape is the type of a value, with what it must keep to.
type Shape struct {
	Name      string
	Kind      Kind
	Members   []Member // of a structure, in the order of the model, which is that of AWS's XML
	Element   *Shape   // of a list; a map's values
	Key       *Shape   // of a map; a string
	Min, Max  *int64   // of a string's characters, a list's or a map's size, a blob's bytes, an integer's value
	Pattern   *Pattern // that a string must match; nil for none
	Enum      []string // the values of a string; nil for any
	Sensitive bool     // must not be shown, logged or repeated in a message
}

// A Member is a member of a structure.
type Member struct {
	Name     string // on the wire; the field of the SDK's struct has the same name, with a first letter in upper case
	Path     string // in messages: userName
	Required bool
	Shape    *Shape
}

// lowerCamel is a member's name as AWS prints it in messages: UserName is userName, and SAMLMetadataDocument is
// sAMLMetadataDocument: only the first letter is changed.
func lowerCamel(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// upperCamel is the Go field of a member.
func upperCamel(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:]
}
