# Users, groups, keys, policies and providers; parameters, documents and log groups: what stands around networks.
resource "aws_iam_user" "ada" {
  name                 = "ada-tf"
  path                 = "/team/"
  tags                 = { team = "net" }
  permissions_boundary = aws_iam_policy.p.arn
  force_destroy        = true
}
resource "aws_iam_user_login_profile" "ada" {
  user = aws_iam_user.ada.name
}
resource "aws_iam_access_key" "ada" { user = aws_iam_user.ada.name }
resource "aws_iam_group" "ops" { name = "ops-tf" }
resource "aws_iam_group_membership" "m" {
  name  = "m"
  users = [aws_iam_user.ada.name]
  group = aws_iam_group.ops.name
}
resource "aws_iam_user_group_membership" "m2" {
  user   = aws_iam_user.ada.name
  groups = [aws_iam_group.two.name]
}
resource "aws_iam_group" "two" { name = "two-tf" }
resource "aws_iam_policy" "p" {
  name        = "p-tf"
  description = "d"
  policy      = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["ec2:Describe*", "s3:List*"], Resource = "*" }] })
  tags        = { a = "b" }
}
resource "aws_iam_user_policy_attachment" "a" {
  user       = aws_iam_user.ada.name
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_iam_group_policy_attachment" "a" {
  group      = aws_iam_group.ops.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonVPCReadOnlyAccess"
}
resource "aws_iam_user_policy" "i" {
  name   = "inline"
  user   = aws_iam_user.ada.name
  policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_group_policy" "i" {
  name   = "inline"
  group  = aws_iam_group.ops.name
  policy = data.aws_iam_policy_document.d.json
}
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["ec2:*"]
    resources = ["*"]
  }
}
resource "aws_iam_role" "r" {
  name                 = "r-tf"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_user.ada.arn } }] })
  permissions_boundary = aws_iam_policy.p.arn
}
resource "aws_iam_role_policy_attachment" "r" {
  role       = aws_iam_role.r.name
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_iam_role_policy" "r" {
  name   = "x"
  role   = aws_iam_role.r.name
  policy = data.aws_iam_policy_document.d.json
}
resource "aws_iam_instance_profile" "r" {
  name = "r-tf"
  role = aws_iam_role.r.name
}
resource "aws_iam_policy_attachment" "all" {
  name       = "all"
  users      = [aws_iam_user.ada.name]
  roles      = [aws_iam_role.r.name]
  groups     = [aws_iam_group.ops.name]
  policy_arn = aws_iam_policy.all.arn
}
resource "aws_iam_policy" "all" {
  name_prefix = "all-"
  policy      = data.aws_iam_policy_document.d.json
}
resource "aws_iam_account_alias" "a" { account_alias = "tf-alias" }
resource "aws_iam_account_password_policy" "p" {
  minimum_password_length = 14
  require_numbers         = true
}
resource "aws_iam_openid_connect_provider" "o" {
  url             = "https://token.example.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["cf23df2207d99a74fbe169e3eba035e633b65d94"]
}
resource "aws_iam_saml_provider" "s" {
  name                   = "s-tf"
  saml_metadata_document = "<EntityDescriptor>${join("", [for i in range(1000) : "x"])}</EntityDescriptor>"
}
data "aws_iam_policy" "v" { name = "AmazonSSMManagedInstanceCore" }
data "aws_iam_users" "u" { depends_on = [aws_iam_user.ada] }
resource "aws_ssm_parameter" "s" {
  name        = "/net/vpc/id"
  type        = "String"
  value       = "vpc-1"
  tags        = { a = "b" }
  description = "d"
}
resource "aws_ssm_parameter" "secret" {
  name  = "/net/secret"
  type  = "SecureString"
  value = "open sesame"
}
resource "aws_ssm_parameter" "l" {
  name  = "list"
  type  = "StringList"
  value = "a,b"
  tier  = "Advanced"
}
resource "aws_ssm_parameter" "it" {
  name  = "it"
  type  = "String"
  value = "x"
  tier  = "Intelligent-Tiering"
}
data "aws_ssm_parameter" "r" { name = aws_ssm_parameter.secret.name }
data "aws_ssm_parameters_by_path" "p" {
  path       = "/net"
  recursive  = true
  depends_on = [aws_ssm_parameter.s]
}
resource "aws_cloudwatch_log_group" "g" {
  name              = "/identities/log"
  retention_in_days = 7
  tags              = { a = "b" }
}
resource "aws_cloudwatch_log_group" "p" { name_prefix = "x-" }
resource "aws_cloudwatch_log_stream" "s" {
  name           = "s"
  log_group_name = aws_cloudwatch_log_group.g.name
}
data "aws_cloudwatch_log_group" "g" { name = aws_cloudwatch_log_group.g.name }
data "aws_cloudwatch_log_groups" "g" { depends_on = [aws_cloudwatch_log_group.g] }
resource "aws_ssm_document" "d" {
  name          = "my-doc"
  document_type = "Command"
  tags          = { a = "b" }
  content       = jsonencode({ schemaVersion = "2.2", description = "d", parameters = { x = { type = "String", default = "y", description = "d" } }, mainSteps = [{ action = "aws:runShellScript", name = "s", inputs = { runCommand = ["echo {{ x }}"] } }] })
}
resource "aws_ssm_document" "session" {
  name            = "SSM-SessionManagerRunShell"
  document_type   = "Session"
  document_format = "JSON"
  content         = jsonencode({ schemaVersion = "1.0", description = "prefs", sessionType = "Standard_Stream", inputs = { idleSessionTimeout = "20" } })
}
data "aws_ssm_document" "r" { name = aws_ssm_document.d.name }
output "arn" { value = aws_iam_user.ada.arn }
output "key" { value = aws_iam_access_key.ada.id }
output "secret" {
  value     = aws_iam_access_key.ada.secret
  sensitive = true
}
