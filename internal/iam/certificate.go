package iam

const certificateExists = "The Server Certificate with name %s already exists."

// MaxServerCertificates is how many server certificates an account may have.
const MaxServerCertificates = 20

// CreateServerCertificate adds a server certificate.
func CreateServerCertificate(tx Txn, c *ServerCertificate) error {
	return create(tx, c, certificateExists, c.Name)
}

// NoServerCertificate is AWS's message for a server certificate that is not there.
func NoServerCertificate(name string) error {
	return Errorf(NoSuchEntity, "The Server Certificate with name %s cannot be found.", name)
}

// GetServerCertificate reads a server certificate.
func GetServerCertificate(tx Txn, account, name string) (*ServerCertificate, error) {
	c, err := Get[ServerCertificate](tx, ServerCertificateKey(account, name))
	if err == nil && c == nil {
		err = NoServerCertificate(name)
	}
	return c, err
}

// RenameServerCertificate gives a server certificate another name or path; "" leaves what there is.
func RenameServerCertificate(tx Txn, account, name, newName, newPath string) error {
	c, err := GetServerCertificate(tx, account, name)
	if err != nil {
		return err
	}
	return rename(tx, c, &c.Header, newName, newPath, certificateExists)
}

// DeleteServerCertificate removes a server certificate.
func DeleteServerCertificate(tx Txn, account, name string) error {
	c, err := GetServerCertificate(tx, account, name)
	if err != nil {
		return err
	}
	tx.Delete(c)
	return nil
}
