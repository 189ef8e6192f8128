package clients

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/writ-iam/writ/writtest"
)

// A terraform is a folder of a configuration, worked on by Terraform.
type terraform struct {
	t   *testing.T
	dir string
	env []string
}

// pluginFolders are where Terraform's provider for AWS may be on this machine: the folder that WRIT_TERRAFORM_PLUGINS names, or else the ones that
// Terraform looks into by itself. https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
func pluginFolders() []string {
	folders := []string{"/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"}
	if home, err := os.UserHomeDir(); err == nil {
		folders = append(folders, filepath.Join(home, ".terraform.d/plugins"), filepath.Join(home, ".local/share/terraform/plugins"))
	}
	if named := os.Getenv("WRIT_TERRAFORM_PLUGINS"); named != "" {
		folders = []string{named}
	}
	return slices.DeleteFunc(folders, func(folder string) bool {
		_, err := os.Stat(filepath.Join(folder, "registry.terraform.io/hashicorp/aws"))
		return err != nil
	})
}

// configurations are the folders of testdata/terraform. There are none where Terraform is not installed, or its provider for AWS would have to be
// fetched from the network: Terraform is under a licence that keeps it out of what make test installs.
func configurations(t *testing.T) []string {
	if _, err := exec.LookPath("terraform"); err != nil || len(pluginFolders()) == 0 {
		return nil
	}
	dirs, err := filepath.Glob("testdata/terraform/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no configurations: %v", err)
	}
	return dirs
}

// TestTerraform applies each configuration, changes it, imports parts of it, and destroys it.
func TestTerraform(t *testing.T) {
	for _, dir := range configurations(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			srv := writtest.New(t)
			before := left(t, srv)
			tf := newTerraform(t, srv, dir)
			for _, release := range []string{"1", "2"} {
				tf.run("apply", "-auto-approve", "-var=release="+release)
				tf.run("plan", "-detailed-exitcode", "-var=release="+release) // 2 if there is something to change
			}
			for _, release := range []string{"3", "4", "5", "6"} {
				tf.run("apply", "-auto-approve", "-target=aws_iam_policy.tables", "-var=release="+release)
			}
			policy := "arn:aws:iam::" + writtest.Account + ":policy/data/tables"
			versions, err := srv.IAM().ListPolicyVersions(t.Context(), &iam.ListPolicyVersionsInput{PolicyArn: &policy})
			if err != nil || len(versions.Versions) != 5 || *versions.Versions[0].VersionId != "v6" || !versions.Versions[0].IsDefaultVersion {
				t.Errorf("the versions of a policy that was changed five times: %+v, %v", versions, err)
			}
			tf.forgetAndImport()
			tf.run("apply", "-auto-approve", "-var=release=2") // settings of Terraform's own, such as force_destroy, are not imported
			tf.run("plan", "-detailed-exitcode", "-var=release=2")
			tf.run("destroy", "-auto-approve", "-var=release=2")
			if after := left(t, srv); after != before {
				t.Errorf("before there was\n%s\nand after it is destroyed there is\n%s", before, after)
			}
		})
	}
}

func newTerraform(t *testing.T, srv *writtest.Server, configuration string) *terraform {
	t.Helper()
	tf := &terraform{t: t, dir: t.TempDir(), env: environment(t, srv)}
	if err := os.CopyFS(tf.dir, os.DirFS(configuration)); err != nil {
		t.Fatal(err)
	}
	var mirrors strings.Builder
	for _, folder := range pluginFolders() {
		fmt.Fprintf(&mirrors, "  filesystem_mirror {\n    path = %q\n  }\n", folder)
	}
	settings := filepath.Join(t.TempDir(), "terraform.rc")
	if err := os.WriteFile(settings, []byte("disable_checkpoint = true\nprovider_installation {\n"+mirrors.String()+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tf.env = append(tf.env, "TF_CLI_CONFIG_FILE="+settings, "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	tf.certificate()
	tf.run("init")
	return tf
}

// certificate makes certificate.pem and key.pem, which configurations refer to.
func (tf *terraform) certificate() {
	tf.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tf.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "site.example.org"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tf.t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"certificate.pem": {Type: "CERTIFICATE", Bytes: certificate},
		"key.pem":         {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
	} {
		if err := os.WriteFile(filepath.Join(tf.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			tf.t.Fatal(err)
		}
	}
}

// run runs a command of Terraform that succeeds, and returns what it prints.
func (tf *terraform) run(command string, args ...string) []byte {
	tf.t.Helper()
	c := exec.Command("terraform", append([]string{command}, args...)...)
	c.Dir, c.Env = tf.dir, tf.env
	if command != "state" && command != "show" {
		c.Args = append(c.Args[:2:2], append([]string{"-no-color"}, c.Args[2:]...)...)
	}
	out, err := c.Output()
	if err != nil {
		stderr := []byte(nil)
		if exit, ok := err.(*exec.ExitError); ok {
			stderr = exit.Stderr
		}
		tf.t.Fatalf("terraform %s %s: %v\n%s%s", command, strings.Join(args, " "), err, out, stderr)
	}
	return out
}

// unimportable are the types of resources that cannot be imported, or not without loss, as a secret that is only told once; the others are.
var unimportable = []string{
	"aws_iam_access_key", "aws_iam_group_membership", "aws_iam_server_certificate", "aws_iam_user_login_profile", "aws_iam_user_ssh_key",
	"aws_iam_virtual_mfa_device", "aws_iam_service_specific_credential", "aws_organizations_account",
}

// forgetAndImport makes Terraform forget the resources that it has made, and import them with the next apply.
func (tf *terraform) forgetAndImport() {
	tf.t.Helper()
	forgotten := []string{"rm"}
	var imports strings.Builder
	var state struct {
		Values struct {
			Root struct {
				Resources []struct {
					Address, Mode, Type string
					Values              map[string]any
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal(tf.run("show", "-json"), &state); err != nil {
		tf.t.Fatal(err)
	}
	for _, r := range state.Values.Root.Resources {
		if r.Mode != "managed" || slices.Contains(unimportable, r.Type) {
			continue
		}
		value := func(names ...string) string {
			var values []string
			for _, name := range names {
				values = append(values, fmt.Sprint(r.Values[name]))
			}
			return strings.Join(values, "/")
		}
		id := value("id")
		switch r.Type {
		case "aws_iam_user_policy_attachment":
			id = value("user", "policy_arn")
		case "aws_iam_group_policy_attachment":
			id = value("group", "policy_arn")
		case "aws_iam_role_policy_attachment":
			id = value("role", "policy_arn")
		case "aws_iam_role_policy_attachments_exclusive":
			id = value("role_name")
		case "aws_iam_user_group_membership":
			id = value("user") + "/guests"
		}
		forgotten = append(forgotten, r.Address)
		fmt.Fprintf(&imports, "import {\n  to = %s\n  id = %q\n}\n", r.Address, id)
	}
	tf.run("state", forgotten...)
	if err := os.WriteFile(filepath.Join(tf.dir, "imports.tf"), []byte(imports.String()), 0o600); err != nil {
		tf.t.Fatal(err)
	}
}

// left is what an account has.
func left(t *testing.T, srv *writtest.Server) string {
	t.Helper()
	summary, err := srv.IAM().GetAccountSummary(t.Context(), &iam.GetAccountSummaryInput{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = srv.Organizations().DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{})
	text, _ := json.Marshal(summary.SummaryMap)
	return fmt.Sprintf("%s, organization: %v", text, err != nil)
}
