package op

import (
	"testing"

	"github.com/writ-iam/writ/internal/awsmodel"
)

// TestWhatOnlyReadsIsOnRecordSo: of what only reads, the record does not repeat the answer, which may be all that is in all accounts.
func TestWhatOnlyReadsIsOnRecordSo(t *testing.T) {
	own := &Service{Name: "writ", Prefix: "writ", Model: &awsmodel.Service{}, operations: map[string]*Operation{
		"GetDetails": {}, "ListServices": {}, "CreatePublisher": {},
	}}
	iam := &Service{Name: "iam", Prefix: "iam", Model: &awsmodel.Service{Operations: []awsmodel.Operation{{Name: "GetUser"}}}}
	for _, test := range []struct {
		of        *Service
		operation string
		want      bool
	}{
		{own, "GetDetails", true}, {own, "ListServices", true}, {own, "CreatePublisher", false}, {own, "GetNothing", false},
		{iam, "GetUser", true}, {iam, "CreateUser", false}, {iam, "GetNothing", false}, {&Service{Name: "sts"}, "AssumeRole", true},
	} {
		if got := readOnly(test.of, test.operation); got != test.want {
			t.Errorf("%s:%s: %v", test.of.Name, test.operation, got)
		}
	}
}
