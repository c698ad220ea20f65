# What the usual module for security groups makes: a group with a name of its own each time, rules as resources of
# their own (by block, by both families at once, by group, by itself, by prefix list), and groups that name each other.
resource "aws_vpc" "v" {
  cidr_block                       = "10.72.0.0/16"
  assign_generated_ipv6_cidr_block = true
}

data "aws_ec2_managed_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }

locals {
  named = {
    http       = { from = 80, to = 80, protocol = "tcp" }
    https      = { from = 443, to = 443, protocol = "tcp" }
    dns-udp    = { from = 53, to = 53, protocol = "udp" }
    ping       = { from = 8, to = -1, protocol = "icmp" }
    everything = { from = -1, to = -1, protocol = "-1" }
    esp        = { from = 0, to = 0, protocol = "50" }
  }
  to_everybody = ["http", "https", "ping", "esp"]
}

resource "aws_security_group" "this" {
  name_prefix            = "web-"
  description            = "Security Group managed by Terraform"
  vpc_id                 = aws_vpc.v.id
  revoke_rules_on_delete = true
  tags                   = { Name = "web" }
  lifecycle {
    create_before_destroy = true
  }
  timeouts {
    create = "10m"
    delete = "15m"
  }
}

resource "aws_security_group" "backend" {
  name_prefix = "backend-"
  vpc_id      = aws_vpc.v.id
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group_rule" "ingress" {
  count             = length(local.to_everybody)
  security_group_id = aws_security_group.this.id
  type              = "ingress"
  cidr_blocks       = ["10.0.0.0/8", "172.16.0.0/12"]
  description       = "${local.to_everybody[count.index]} from inside"
  from_port         = local.named[local.to_everybody[count.index]].from
  to_port           = local.named[local.to_everybody[count.index]].to
  protocol          = local.named[local.to_everybody[count.index]].protocol
}

resource "aws_security_group_rule" "of_both_families" {
  security_group_id = aws_security_group.this.id
  type              = "ingress"
  cidr_blocks       = ["0.0.0.0/0"]
  ipv6_cidr_blocks  = ["::/0"]
  from_port         = 8443
  to_port           = 8449
  protocol          = "tcp"
}

resource "aws_security_group_rule" "of_itself" {
  security_group_id = aws_security_group.this.id
  type              = "ingress"
  self              = true
  from_port         = local.named["everything"].from
  to_port           = local.named["everything"].to
  protocol          = local.named["everything"].protocol
}

resource "aws_security_group_rule" "from_the_other" {
  security_group_id        = aws_security_group.this.id
  type                     = "ingress"
  source_security_group_id = aws_security_group.backend.id
  from_port                = local.named["dns-udp"].from
  to_port                  = local.named["dns-udp"].to
  protocol                 = local.named["dns-udp"].protocol
}

resource "aws_security_group_rule" "to_the_other" {
  security_group_id        = aws_security_group.backend.id
  type                     = "egress"
  source_security_group_id = aws_security_group.this.id
  from_port                = 0
  to_port                  = 65535
  protocol                 = "tcp"
}

resource "aws_security_group_rule" "to_s3" {
  security_group_id = aws_security_group.this.id
  type              = "egress"
  prefix_list_ids   = [data.aws_ec2_managed_prefix_list.s3.id]
  from_port         = 443
  to_port           = 443
  protocol          = "tcp"
}

resource "aws_security_group" "inline" {
  name        = "inline"
  description = "Rules in the group"
  vpc_id      = aws_vpc.v.id

  ingress {
    description     = "from the others"
    from_port       = 5432
    to_port         = 5432
    protocol        = "tcp"
    security_groups = [aws_security_group.this.id, aws_security_group.backend.id]
    self            = true
  }

  dynamic "egress" {
    for_each = { all = ["0.0.0.0/0"] }
    content {
      from_port        = 0
      to_port          = 0
      protocol         = "-1"
      cidr_blocks      = egress.value
      ipv6_cidr_blocks = ["::/0"]
    }
  }
}

data "aws_security_groups" "of_vpc" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.v.id]
  }
  depends_on = [aws_security_group.this, aws_security_group.backend, aws_security_group.inline]
}

data "aws_vpc_security_group_rules" "web" {
  filter {
    name   = "group-id"
    values = [aws_security_group.this.id]
  }
  depends_on = [
    aws_security_group_rule.ingress, aws_security_group_rule.of_both_families, aws_security_group_rule.of_itself,
    aws_security_group_rule.from_the_other, aws_security_group_rule.to_s3,
  ]
}

output "groups" { value = length(data.aws_security_groups.of_vpc.ids) }
output "rules" { value = length(data.aws_vpc_security_group_rules.web.ids) }
