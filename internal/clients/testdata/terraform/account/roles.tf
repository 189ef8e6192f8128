data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "Service"
      identifiers = var.release == 1 ? ["ec2.amazonaws.com"] : ["lambda.amazonaws.com", "ec2.amazonaws.com"]
    }
  }
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.dev.arn, "arn:aws:iam::${data.aws_caller_identity.here.account_id}:root"]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = ["4711"]
    }
  }
}

resource "aws_iam_role" "app" {
  name                  = "app"
  path                  = "/service/"
  description           = "the application, release ${var.release}"
  assume_role_policy    = data.aws_iam_policy_document.trust.json
  max_session_duration  = 3600 * var.release
  permissions_boundary  = aws_iam_policy.boundary.arn
  force_detach_policies = true
  tags                  = { release = tostring(var.release) }
}

resource "aws_iam_role_policy" "tables" {
  name   = "tables"
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.tables.json
}

resource "aws_iam_role_policy_attachment" "tables" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.tables.arn
}

resource "aws_iam_role_policy_attachment" "amplify" {
  role       = aws_iam_role.app.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess-Amplify"
}

resource "aws_iam_instance_profile" "app" {
  name = "app"
  path = "/service/"
  role = aws_iam_role.app.name
  tags = { release = tostring(var.release) }
}

resource "aws_iam_role" "federated" {
  name_prefix = "federated-"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
        Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:example/*" } }
      },
      {
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithSAML"
        Principal = { Federated = aws_iam_saml_provider.office.arn }
        Condition = { StringEquals = { "SAML:aud" = "https://signin.aws.amazon.com/saml" } }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachments_exclusive" "federated" {
  role_name   = aws_iam_role.federated.name
  policy_arns = []
}

resource "aws_iam_openid_connect_provider" "github" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = var.release == 1 ? ["sts.amazonaws.com"] : ["sts.amazonaws.com", "https://github.com/example"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { release = tostring(var.release) }
}

resource "aws_iam_saml_provider" "office" {
  name                   = "office"
  saml_metadata_document = file("${path.module}/metadata.xml")
  tags                   = { release = tostring(var.release) }
}

resource "aws_iam_server_certificate" "site" {
  name             = "site"
  path             = "/cloudfront/"
  certificate_body = file("${path.module}/certificate.pem")
  private_key      = file("${path.module}/key.pem")
  tags             = { release = tostring(var.release) }
}

resource "aws_iam_signing_certificate" "dev" {
  user_name        = aws_iam_user.dev.name
  certificate_body = file("${path.module}/certificate.pem")
}

resource "aws_iam_service_linked_role" "scaling" {
  aws_service_name = "autoscaling.amazonaws.com"
  custom_suffix    = "app"
  description      = "scaling, release ${var.release}"
}

data "aws_iam_roles" "service" {
  path_prefix = "/service/"
  depends_on  = [aws_iam_role.app]
}

data "aws_iam_instance_profile" "app" {
  name = aws_iam_instance_profile.app.name
}

data "aws_iam_principal_policy_simulation" "tables" {
  action_names      = ["dynamodb:DeleteTable"]
  policy_source_arn = aws_iam_role.app.arn
  resource_arns     = ["arn:aws:dynamodb:us-east-1:${data.aws_caller_identity.here.account_id}:table/todo"]

  depends_on = [aws_iam_role_policy_attachment.amplify, aws_iam_role_policy.tables]
  lifecycle {
    postcondition {
      condition     = !self.all_allowed
      error_message = "The role may delete tables."
    }
  }
}
