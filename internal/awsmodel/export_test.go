package awsmodel

// OpenIAM reads IAM's model as if for the first time.
func OpenIAM() error {
	f, err := decodeFile(iamFile)
	if err == nil {
		_, err = f.service("iam", "")
	}
	return err
}
