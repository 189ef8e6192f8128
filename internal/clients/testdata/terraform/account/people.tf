resource "aws_iam_user" "dev" {
  name                 = "dev+ops=a,b.c@d-e_f"
  path                 = "/people/"
  permissions_boundary = var.release == 1 ? aws_iam_policy.boundary.arn : null
  force_destroy        = true
  tags                 = { release = tostring(var.release), name = "Zoë + Jürgen" }
}

resource "aws_iam_access_key" "dev" {
  user   = aws_iam_user.dev.name
  status = var.release == 1 ? "Active" : "Inactive"
}

resource "aws_iam_user_login_profile" "dev" {
  user                    = aws_iam_user.dev.name
  password_length         = 24
  password_reset_required = true
}

resource "aws_iam_virtual_mfa_device" "phone" {
  virtual_mfa_device_name = "phone"
  path                    = "/people/"
}

resource "aws_iam_user_ssh_key" "dev" {
  username   = aws_iam_user.dev.name
  encoding   = "SSH"
  public_key = file("${path.module}/key.pub")
}

resource "aws_iam_service_specific_credential" "git" {
  service_name = "codecommit.amazonaws.com"
  user_name    = aws_iam_user.dev.name
}

resource "aws_iam_user_policy" "own" {
  name = "own-key"
  user = aws_iam_user.dev.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["iam:*AccessKey*"], Resource = "arn:aws:iam::*:user/people/$${aws:username}" }]
  })
}

resource "aws_iam_group" "devs" {
  name = var.release == 1 ? "devs" : "developers"
  path = "/people/"
}

resource "aws_iam_group_membership" "devs" {
  name  = "devs"
  group = aws_iam_group.devs.name
  users = [aws_iam_user.dev.name]
}

resource "aws_iam_group_policy" "read" {
  name_prefix = "read-"
  group       = aws_iam_group.devs.name
  policy      = data.aws_iam_policy_document.tables.json
}

resource "aws_iam_group_policy_attachment" "devs" {
  for_each   = toset(var.release == 1 ? ["ReadOnlyAccess"] : ["ReadOnlyAccess", "AdministratorAccess-Amplify"])
  group      = aws_iam_group.devs.name
  policy_arn = "arn:${data.aws_partition.here.partition}:iam::aws:policy/${each.key}"
}

resource "aws_iam_user" "second" {
  name = "second"
}

resource "aws_iam_group" "guests" {
  name = "guests"
}

resource "aws_iam_user_group_membership" "second" {
  user   = aws_iam_user.second.name
  groups = [aws_iam_group.guests.name]
}

resource "aws_iam_user_policy_attachment" "dev" {
  user       = aws_iam_user.dev.name
  policy_arn = aws_iam_policy.tables.arn
}

data "aws_iam_user" "dev" {
  user_name = aws_iam_user.dev.name
}

data "aws_iam_group" "devs" {
  group_name = aws_iam_group.devs.name
  depends_on = [aws_iam_group_membership.devs]
}
