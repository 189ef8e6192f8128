package iamapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	api "github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/writ-iam/writ/internal/op"
	"github.com/writ-iam/writ/policy"
)

func getContextKeysForCustomPolicy(
	_ context.Context, _ *op.Call, in *api.GetContextKeysForCustomPolicyInput,
) (*api.GetContextKeysForCustomPolicyOutput, error) {
	keys := contextKeys{}
	if err := keys.addGiven(in.PolicyInputList); err != nil {
		return nil, err
	}
	return &api.GetContextKeysForCustomPolicyOutput{ContextKeyNames: keys.sorted()}, nil
}

// As on AWS, the keys of a boundary and of service control policies are not among these.
func getContextKeysForPrincipalPolicy(
	_ context.Context, c *op.Call, in *api.GetContextKeysForPrincipalPolicyInput,
) (*api.GetContextKeysForPrincipalPolicyOutput, error) {
	source, err := identityAt(c, *in.PolicySourceArn)
	if err != nil {
		return nil, err
	}
	sources, err := c.State.Identity(source)
	if err != nil {
		return nil, err
	}
	keys := contextKeys{}
	for _, from := range sources {
		doc, err := policy.Parse([]byte(from.Document.Text))
		if err != nil {
			return nil, err
		}
		keys.add(doc)
	}
	if err := keys.addGiven(in.PolicyInputList); err != nil {
		return nil, err
	}
	return &api.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: keys.sorted()}, nil
}

// contextKeys are condition keys as they were first spelled, by their names in lower case.
type contextKeys map[string]string

func (k contextKeys) addGiven(texts []string) error {
	for i, text := range texts {
		doc, err := policy.Parse([]byte(text))
		if err != nil {
			return invalid("%s: %v", fmt.Sprintf("PolicyInputList.%d", i+1), err)
		}
		k.add(doc)
	}
	return nil
}

// add adds the keys of a document: those of its conditions, and those of policy variables in its conditions and
// resources.
func (k contextKeys) add(doc *policy.Document) {
	for _, s := range doc.Statements {
		texts := s.Resource.Strings()
		for _, c := range s.Condition {
			k.addKey(c.Key.Text)
			texts = append(texts, c.Strings()...)
		}
		if !doc.Version.HasVariables() {
			continue
		}
		for _, text := range texts {
			k.addVariables(text)
		}
	}
}

func (k contextKeys) addKey(key string) {
	if lower := strings.ToLower(key); k[lower] == "" {
		k[lower] = key
	}
}

// addVariables adds the keys of the variables in a text: ${aws:username}, ${aws:PrincipalTag/team, 'default'}. ${*},
// ${?} and ${$} are characters.
func (k contextKeys) addVariables(text string) {
	for {
		_, rest, found := strings.Cut(text, "${")
		inside, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return
		}
		key, _, _ := strings.Cut(inside, ",")
		if key = strings.TrimSpace(key); key != "" && key != "*" && key != "?" && key != "$" {
			k.addKey(key)
		}
		text = after
	}
}

func (k contextKeys) sorted() []string {
	names := make([]string, 0, len(k))
	for _, name := range k {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
