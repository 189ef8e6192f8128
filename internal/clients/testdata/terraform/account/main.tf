# An account as a team keeps it: people, the roles of their services, who may federate into it, and the organization around it. The test applies it
# with release 1, then with release 2, and expects both times that nothing is left to change.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  default_tags {
    tags = { team = "platform" }
  }
}

variable "release" {
  type    = number
  default = 1
}

data "aws_caller_identity" "here" {}

data "aws_partition" "here" {}

resource "aws_iam_account_alias" "here" {
  account_alias = "platform-${var.release}"
}

resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 12 + var.release
  require_lowercase_characters   = true
  require_numbers                = true
  require_symbols                = true
  require_uppercase_characters   = true
  allow_users_to_change_password = true
  max_password_age               = 90
  password_reuse_prevention      = 5
}

output "account" {
  value = data.aws_caller_identity.here.account_id
}
