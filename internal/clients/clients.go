// Package clients holds no code: its tests run real clients against a real server, as their users would: the commands of the README, the AWS
// CLI in scripts, and Terraform.
package clients
