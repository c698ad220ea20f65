# Endpoints as modules make them: with everything in one resource, looked up by a short name, and with each route table,
# security group, policy and the private names as resources of their own.
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}
data "aws_availability_zones" "z" { state = "available" }
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }
data "aws_vpc_endpoint_service" "this" {
  for_each = { s3 = "Gateway", dynamodb = "Gateway", ssm = "Interface", ec2 = "Interface", "ecr.dkr" = "Interface" }
  service  = each.key
  filter {
    name   = "service-type"
    values = [each.value]
  }
}

locals {
  services  = data.aws_vpc_endpoint_service.this
  addresses = ["10.15.0.40", "10.15.1.40"]
}

resource "aws_vpc" "v" {
  cidr_block           = "10.15.0.0/16"
  enable_dns_hostnames = true
}
resource "aws_subnet" "s" {
  count             = 2
  vpc_id            = aws_vpc.v.id
  cidr_block        = cidrsubnet(aws_vpc.v.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.z.names[count.index]
}
resource "aws_route_table" "r" {
  count  = 2
  vpc_id = aws_vpc.v.id
}
resource "aws_route_table_association" "r" {
  count          = 2
  subnet_id      = aws_subnet.s[count.index].id
  route_table_id = aws_route_table.r[count.index].id
}
resource "aws_security_group" "https" {
  count       = 2
  name_prefix = "endpoints-"
  vpc_id      = aws_vpc.v.id
  lifecycle { create_before_destroy = true }
}
resource "aws_security_group_rule" "https" {
  security_group_id = aws_security_group.https[0].id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = [aws_vpc.v.cidr_block]
}
data "aws_iam_policy_document" "here" {
  statement {
    effect    = "Deny"
    actions   = ["*"]
    resources = ["*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringNotEquals"
      variable = "aws:SourceVpc"
      values   = [aws_vpc.v.id]
    }
  }
}

# Everything in one resource
resource "aws_vpc_endpoint" "dynamodb" {
  vpc_id            = aws_vpc.v.id
  service_name      = local.services["dynamodb"].service_name
  vpc_endpoint_type = "Gateway"
  route_table_ids   = aws_route_table.r[*].id
  policy            = data.aws_iam_policy_document.here.json
  tags              = { Name = "dynamodb" }
}
resource "aws_vpc_endpoint" "ec2" {
  vpc_id              = aws_vpc.v.id
  service_name        = local.services["ec2"].service_name
  vpc_endpoint_type   = "Interface"
  subnet_ids          = aws_subnet.s[*].id
  security_group_ids  = aws_security_group.https[*].id
  private_dns_enabled = true
  ip_address_type     = "ipv4"
  policy              = data.aws_iam_policy_document.here.json
  dns_options { dns_record_ip_type = "ipv4" }
  dynamic "subnet_configuration" {
    for_each = local.addresses
    content {
      subnet_id = aws_subnet.s[subnet_configuration.key].id
      ipv4      = subnet_configuration.value
    }
  }
  timeouts {
    create = "10m"
    update = "10m"
    delete = "10m"
  }
}

resource "aws_vpc_endpoint" "registry" {
  vpc_id              = aws_vpc.v.id
  service_name        = local.services["ecr.dkr"].service_name
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [aws_subnet.s[0].id]
  security_group_ids  = [aws_security_group.https[0].id]
  private_dns_enabled = true
}
data "aws_network_interface" "registry" { id = one(aws_vpc_endpoint.registry.network_interface_ids) }

# Every part as a resource
resource "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.v.id
  service_name = local.services["s3"].service_name
}
resource "aws_vpc_endpoint_route_table_association" "s3" {
  count           = 2
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  route_table_id  = aws_route_table.r[count.index].id
}
resource "aws_vpc_endpoint_policy" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3.id
  policy          = data.aws_iam_policy_document.here.json
}
resource "aws_vpc_endpoint" "ssm" {
  vpc_id            = aws_vpc.v.id
  service_name      = local.services["ssm"].service_name
  vpc_endpoint_type = "Interface"
  subnet_ids        = aws_subnet.s[*].id # to associate one takes the provider a minute, by the clock
}
resource "aws_vpc_endpoint_security_group_association" "first" {
  vpc_endpoint_id             = aws_vpc_endpoint.ssm.id
  security_group_id           = aws_security_group.https[0].id
  replace_default_association = true
}
resource "aws_vpc_endpoint_security_group_association" "second" {
  vpc_endpoint_id   = aws_vpc_endpoint.ssm.id
  security_group_id = aws_security_group.https[1].id
  depends_on        = [aws_vpc_endpoint_security_group_association.first]
}
resource "aws_vpc_endpoint_private_dns" "ssm" {
  vpc_endpoint_id     = aws_vpc_endpoint.ssm.id
  private_dns_enabled = true
}

resource "aws_instance" "client" {
  ami           = data.aws_ssm_parameter.al2023.value
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.s[0].id
  tags          = { Name = "endpoint-client" }
}
data "aws_vpc_endpoint" "ec2" {
  vpc_id       = aws_vpc.v.id
  service_name = aws_vpc_endpoint.ec2.service_name
}
data "aws_vpc_endpoint" "s3" {
  id         = aws_vpc_endpoint.s3.id
  depends_on = [aws_vpc_endpoint_route_table_association.s3, aws_vpc_endpoint_policy.s3]
}

output "addresses" { value = local.addresses }
output "ec2" { value = "ec2.${data.aws_region.current.name}.amazonaws.com" }
output "registry" { value = "${data.aws_caller_identity.current.account_id}.dkr.ecr.${data.aws_region.current.name}.amazonaws.com" }
output "of_registry" { value = [data.aws_network_interface.registry.private_ip] }
output "found" { value = data.aws_vpc_endpoint.ec2.state }
output "tables" { value = [sort(data.aws_vpc_endpoint.s3.route_table_ids), sort(aws_route_table.r[*].id)] }
