data "aws_iam_policy_document" "tables" {
  statement {
    sid       = "Read"
    actions   = ["dynamodb:GetItem", "dynamodb:Query"]
    resources = ["arn:aws:dynamodb:*:${data.aws_caller_identity.here.account_id}:table/todo-${var.release}"]
    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/release"
      values   = [tostring(var.release)]
    }
  }
  statement {
    sid       = "NoDelete"
    effect    = "Deny"
    actions   = ["dynamodb:DeleteTable"]
    resources = ["*"]
  }
}

# Its document changes with the release: a new version becomes the default one, and the oldest goes when there are five.
resource "aws_iam_policy" "tables" {
  name        = "tables"
  path        = "/data/"
  description = "tables of the application"
  policy      = data.aws_iam_policy_document.tables.json
  tags        = { release = tostring(var.release) }
}

resource "aws_iam_policy" "boundary" {
  name_prefix = "boundary-"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }, { Effect = "Deny", Action = "organizations:*", Resource = "*" }]
  })
}

data "aws_iam_policy" "administrator" {
  name = "AdministratorAccess"
}

data "aws_iam_policy" "tables" {
  arn = aws_iam_policy.tables.arn
}
