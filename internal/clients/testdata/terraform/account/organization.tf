resource "aws_organizations_organization" "here" {
  feature_set                   = "ALL"
  aws_service_access_principals = var.release == 1 ? ["sso.amazonaws.com"] : ["cloudtrail.amazonaws.com"]
  enabled_policy_types          = var.release == 1 ? ["SERVICE_CONTROL_POLICY"] : ["RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"]
}

resource "aws_organizations_organizational_unit" "workloads" {
  name      = "workloads-${var.release}"
  parent_id = aws_organizations_organization.here.roots[0].id
}

resource "aws_organizations_organizational_unit" "sandbox" {
  name      = "sandbox"
  parent_id = aws_organizations_organizational_unit.workloads.id
  tags      = { release = tostring(var.release) }
}

resource "aws_organizations_policy" "regions" {
  name        = "regions"
  description = "release ${var.release}"
  content = jsonencode({
    Version = "2012-10-17"
    Statement = {
      Effect    = "Deny"
      Action    = "*"
      Resource  = "*"
      Condition = { StringNotEquals = { "aws:RequestedRegion" = var.release == 1 ? ["eu-west-1"] : ["eu-west-1", "us-east-1"] } }
    }
  })

  depends_on = [aws_organizations_organization.here]
}

resource "aws_organizations_policy_attachment" "regions" {
  policy_id = aws_organizations_policy.regions.id
  target_id = aws_organizations_organizational_unit.workloads.id
}

resource "aws_organizations_account" "sandbox" {
  name      = "sandbox"
  email     = "sandbox@example.org"
  parent_id = var.release == 1 ? aws_organizations_organizational_unit.sandbox.id : aws_organizations_organizational_unit.workloads.id
}

data "aws_organizations_organization" "here" {
  depends_on = [aws_organizations_organization.here]
}

data "aws_organizations_organizational_units" "under" {
  parent_id  = aws_organizations_organizational_unit.workloads.id
  depends_on = [aws_organizations_organizational_unit.sandbox]
}
