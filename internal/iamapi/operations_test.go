package iamapi_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/authref"
	"github.com/writ-iam/writ/internal/iamapi"
)

// Why an operation is not served.
const (
	delegation = "delegation requests hand permissions to partners of AWS, through pages of AWS's console"
	template   = "AWS's services make role templates"
	summary    = "AWS's generative model writes them"
	orgAccess  = "package orgapi's organizations keep no record of what their accounts last used"
	rootAccess = "the root users of member accounts cannot be managed from the organization's management account"
	outbound   = "no web identity tokens are issued"
	properties = "they are the settings of AWS's Role Manager"
)

// unserved are the operations of AWS's API that are not served, each with the reason. docs/divergences.md lists them.
var unserved = map[string]string{
	"AcceptDelegationRequest":                       delegation,
	"AcquireRole":                                   template,
	"AssociateDelegationRequest":                    delegation,
	"CreateDelegationRequest":                       delegation,
	"DisableOrganizationsRootCredentialsManagement": rootAccess,
	"DisableOrganizationsRootSessions":              rootAccess,
	"DisableOutboundWebIdentityFederation":          outbound,
	"EnableOrganizationsRootCredentialsManagement":  rootAccess,
	"EnableOrganizationsRootSessions":               rootAccess,
	"EnableOutboundWebIdentityFederation":           outbound,
	"GenerateOrganizationsAccessReport":             orgAccess,
	"GetAccountProperties":                          properties,
	"GetDelegationRequest":                          delegation,
	"GetHumanReadableSummary":                       summary,
	"GetOrganizationsAccessReport":                  orgAccess,
	"GetOutboundWebIdentityFederationInfo":          outbound,
	"GetRoleTemplateVersion":                        template,
	"ListDelegationRequests":                        delegation,
	"ListOrganizationsFeatures":                     rootAccess,
	"PutAccountProperties":                          properties,
	"RejectDelegationRequest":                       delegation,
	"SendDelegationToken":                           delegation,
	"UpdateDelegationRequest":                       delegation,
}

// operations are the SDK's: the methods of its client that take an input and give an output.
func operations() []string {
	var all []string
	client := reflect.TypeFor[*iam.Client]()
	for i := range client.NumMethod() {
		m := client.Method(i)
		if m.Type.NumOut() == 2 && m.Type.Out(0).Kind() == reflect.Pointer && m.Type.Out(0).Elem().Name() == m.Name+"Output" {
			all = append(all, m.Name)
		}
	}
	return all
}

func TestEachOperationIsServedOrKnownNotToBe(t *testing.T) {
	service, all := iamapi.Service(), operations()
	if len(all) < 176 {
		t.Errorf("the SDK has %d operations", len(all))
	}
	served := 0
	for _, name := range all {
		_, excused := unserved[name]
		switch {
		case service.Served(name):
			served++
			if excused {
				t.Errorf("%s is served, and listed as if it were not", name)
			}
		case !excused:
			t.Errorf("%s is neither served nor listed with a reason", name)
		}
	}
	for name := range unserved {
		if !slices.Contains(all, name) {
			t.Errorf("%s is listed, and no operation of the SDK's", name)
		}
	}
	t.Logf("%d of %d operations are served", served, len(all))
}

// noOperation are the actions of the service authorization reference that no operation of the API's has: those of AWS's
// console and of other services.
var noOperation = strings.Fields(`PassRole
	DeleteCloudFrontPublicKey GetCloudFrontPublicKey ListCloudFrontPublicKeys UpdateCloudFrontPublicKey UploadCloudFrontPublicKey
	GetAccountEmailAddress GetAccountName UpdateAccountEmailAddress UpdateAccountName
	ListSTSRegionalEndpointsStatus SetSTSRegionalEndpointStatus`)

// noAction are the operations that the service authorization reference has no action for.
var noAction = []string{"AcquireRole", "UpdateDelegationRequest"}

func TestEachOperationIsAuthorizedByItsAction(t *testing.T) {
	reference, ok := authref.Lookup("iam")
	if !ok {
		t.Fatal("the service authorization reference has no iam")
	}
	all := operations()
	actions := map[string]bool{}
	for _, a := range reference.Actions {
		actions[a.Name] = true
	}
	for _, name := range all {
		if !actions[name] != slices.Contains(noAction, name) {
			t.Errorf("%s: an action of that name is there: %t", name, actions[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(actions)) {
		if !slices.Contains(all, name) != slices.Contains(noOperation, name) {
			t.Errorf("%s: an operation of that name is there: %t", name, slices.Contains(all, name))
		}
	}
}
