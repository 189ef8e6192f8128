package iam

import (
	"encoding/xml"
	"slices"
	"strings"
	"time"
)

// The quotas of identity providers.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	MaxProviders   = 100 // of each kind
	maxClientIDs   = 100
	maxThumbprints = 5
	maxSAMLKeys    = 2
	maxSAMLRecord  = 1 << 20 // bytes; what the store takes in one transaction is not much more
)

// CreateOIDCProvider adds an OpenID Connect provider.
func CreateOIDCProvider(tx Txn, p *OIDCProvider) error {
	if err := p.check(); err != nil {
		return err
	}
	return create(tx, p, "Provider with url https://%s already exists.", p.URL)
}

func (p *OIDCProvider) check() error {
	switch {
	case len(p.ClientIDs) > maxClientIDs:
		return Errorf(LimitExceeded, "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: %d", maxClientIDs)
	case len(p.Thumbprints) > maxThumbprints:
		return Errorf(InvalidInput, "Thumbprint list must contain fewer than %d entries.", maxThumbprints)
	}
	return nil
}

// providerName returns what stands behind the kind of provider in an ARN of the account.
func providerName(account, kind, arn string) (string, bool) {
	return strings.CutPrefix(arn, "arn:aws:iam::"+account+":"+kind+"/")
}

// NoOIDCProvider is AWS's message for an OpenID Connect provider that is not there.
const NoOIDCProvider = "OpenIDConnect Provider not found for arn %s"

// OIDCProviderURL returns the URL in the ARN of an OpenID Connect provider of the account, without its scheme.
func OIDCProviderURL(account, arn string) (string, bool) {
	return providerName(account, "oidc-provider", arn)
}

// FindOIDCProvider reads an OpenID Connect provider by its ARN.
func FindOIDCProvider(tx Txn, account, arn string) (*OIDCProvider, error) {
	url, ok := OIDCProviderURL(account, arn)
	if !ok {
		return nil, Errorf(NoSuchEntity, NoOIDCProvider, arn)
	}
	return need[OIDCProvider](tx, OIDCProviderKey(account, url), NoOIDCProvider, arn)
}

// UpdateOIDCProvider reads an OpenID Connect provider by its ARN, changes it and writes it.
func UpdateOIDCProvider(tx Txn, account, arn string, change func(*OIDCProvider)) error {
	p, err := FindOIDCProvider(tx, account, arn)
	if err != nil {
		return err
	}
	change(p)
	if err := p.check(); err != nil {
		return err
	}
	tx.Put(p)
	return nil
}

// DeleteOIDCProvider removes an OpenID Connect provider. Roles that trust it stay, and trust nobody by it.
func DeleteOIDCProvider(tx Txn, account, arn string) error {
	p, err := FindOIDCProvider(tx, account, arn)
	if err != nil {
		return err
	}
	tx.Delete(p)
	return nil
}

// NoSAMLProvider is AWS's message for a SAML provider that is not there.
const NoSAMLProvider = "Manifest not found for arn %s"

// SAMLProviderName returns the name in the ARN of a SAML provider of the account.
func SAMLProviderName(account, arn string) (string, bool) {
	return providerName(account, "saml-provider", arn)
}

// FindSAMLProvider reads a SAML provider by its ARN.
func FindSAMLProvider(tx Txn, account, arn string) (*SAMLProvider, error) {
	name, ok := SAMLProviderName(account, arn)
	if !ok {
		return nil, Errorf(NoSuchEntity, NoSAMLProvider, arn)
	}
	return need[SAMLProvider](tx, SAMLProviderKey(account, name), NoSAMLProvider, arn)
}

// CreateSAMLProvider adds a SAML provider.
func CreateSAMLProvider(tx Txn, p *SAMLProvider) error {
	if err := p.check(); err != nil {
		return err
	}
	return create(tx, p, "SAML provider with name %s already exists.", p.Name)
}

// check keeps what AWS asks of private keys, and the record to what the store takes.
func (p *SAMLProvider) check() error {
	switch {
	case len(p.Keys) > maxSAMLKeys:
		return Errorf(LimitExceeded, "Cannot exceed quota for PrivateKeysPerSAMLProvider: %d", maxSAMLKeys)
	case p.Encryption == "Required" && len(p.Keys) == 0:
		return Errorf(InvalidInput, "A private key is needed to require encrypted assertions.")
	case len(Encode(p)) > maxSAMLRecord:
		return Errorf(LimitExceeded, "The SAML provider would take more than %d bytes.", maxSAMLRecord)
	}
	return nil
}

// UpdateSAMLProvider reads a SAML provider by its ARN, changes it and writes it.
func UpdateSAMLProvider(tx Txn, account, arn string, change func(*SAMLProvider) error) error {
	p, err := FindSAMLProvider(tx, account, arn)
	if err != nil {
		return err
	}
	if err := change(p); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	tx.Put(p)
	return nil
}

// RemoveKey removes a private key.
func (p *SAMLProvider) RemoveKey(id string) error {
	n := len(p.Keys)
	p.Keys = slices.DeleteFunc(p.Keys, func(k SAMLKey) bool { return k.ID == id })
	if len(p.Keys) == n {
		return Errorf(NoSuchEntity, "The private key with id %s cannot be found.", id)
	}
	return nil
}

// DeleteSAMLProvider removes a SAML provider. Roles that trust it stay, and trust nobody by it.
func DeleteSAMLProvider(tx Txn, account, arn string) error {
	p, err := FindSAMLProvider(tx, account, arn)
	if err != nil {
		return err
	}
	tx.Delete(p)
	return nil
}

// samlLifetime is how many years metadata is valid that does not say how long.
const samlLifetime = 100

// MetadataValidity reads the metadata of a SAML identity provider, and returns until when it is valid.
// https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf, 2.3.2
func MetadataValidity(metadata string, now time.Time) (time.Time, error) {
	var descriptor struct {
		XMLName    xml.Name  `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
		EntityID   string    `xml:"entityID,attr"`
		ValidUntil string    `xml:"validUntil,attr"`
		IDP        *struct{} `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
	}
	invalid := Errorf(InvalidInput, "Could not parse metadata")
	if err := xml.Unmarshal([]byte(metadata), &descriptor); err != nil || descriptor.EntityID == "" || descriptor.IDP == nil {
		return time.Time{}, invalid
	}
	if descriptor.ValidUntil == "" {
		return now.AddDate(samlLifetime, 0, 0), nil
	}
	until, err := time.Parse(time.RFC3339, descriptor.ValidUntil)
	if until = until.UTC().Truncate(time.Second); err != nil || until.Year() > 9999 { // in UTC, which JSON cannot say
		return time.Time{}, invalid
	}
	return until, nil
}
