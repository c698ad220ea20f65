# Flow logs of a VPC and of a subnet of it, delivered to CloudWatch Logs by a role, and one to a bucket that there is none of.
resource "aws_vpc" "v" { cidr_block = "10.13.0.0/16" }
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.13.0.0/24"
}
resource "aws_cloudwatch_log_group" "flow" {
  name              = "/vpc/flow-logs"
  retention_in_days = 7
}
resource "aws_iam_role" "flow" {
  name = "terraform-flow-logs"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "vpc-flow-logs.amazonaws.com" } }]
  })
}
resource "aws_iam_role_policy" "flow" {
  role = aws_iam_role.flow.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["logs:*"], Resource = "*" }]
  })
}
resource "aws_flow_log" "vpc" {
  iam_role_arn    = aws_iam_role.flow.arn
  log_destination = aws_cloudwatch_log_group.flow.arn
  traffic_type    = "ALL"
  vpc_id          = aws_vpc.v.id
  tags            = { Name = "all" }
}
resource "aws_flow_log" "subnet" {
  iam_role_arn             = aws_iam_role.flow.arn
  log_destination          = aws_cloudwatch_log_group.flow.arn
  traffic_type             = "REJECT"
  subnet_id                = aws_subnet.s.id
  max_aggregation_interval = 60
  log_format               = "$${interface-id} $${pkt-srcaddr} $${action}"
}
resource "aws_flow_log" "bucket" {
  log_destination      = "arn:aws:s3:::flow-logs-of-somebody/here/"
  log_destination_type = "s3"
  traffic_type         = "ACCEPT"
  vpc_id               = aws_vpc.v.id
  destination_options {
    file_format        = "parquet"
    per_hour_partition = true
  }
}
output "vpc" { value = aws_flow_log.vpc.id }
output "subnet" { value = aws_flow_log.subnet.id }
