# Two subnets, each with an ACL that Terraform keeps: one of its own, and the VPC's default one, adopted.
resource "aws_vpc" "v" {
  cidr_block = "10.5.0.0/16"
}
resource "aws_subnet" "web" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.5.0.0/24"
}
resource "aws_subnet" "db" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.5.1.0/24"
}
resource "aws_default_network_acl" "default" {
  default_network_acl_id = aws_vpc.v.default_network_acl_id
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  ingress {
    rule_no    = 90
    action     = "deny"
    protocol   = "tcp"
    cidr_block = "0.0.0.0/0"
    from_port  = 23
    to_port    = 23
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "-1"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  lifecycle {
    ignore_changes = [subnet_ids]
  }
}
resource "aws_network_acl" "db" {
  vpc_id     = aws_vpc.v.id
  subnet_ids = [aws_subnet.db.id]
  ingress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = aws_subnet.web.cidr_block
    from_port  = 5432
    to_port    = 5432
  }
  ingress {
    rule_no    = 110
    action     = "allow"
    protocol   = "icmp"
    cidr_block = "10.5.0.0/16"
    icmp_type  = -1
    icmp_code  = -1
    from_port  = 0
    to_port    = 0
  }
  egress {
    rule_no    = 100
    action     = "allow"
    protocol   = "tcp"
    cidr_block = aws_subnet.web.cidr_block
    from_port  = 1024
    to_port    = 65535
  }
  egress {
    rule_no         = 200
    action          = "allow"
    protocol        = "-1"
    ipv6_cidr_block = "::/0"
    from_port       = 0
    to_port         = 0
  }
  tags = { Name = "db" }
}
resource "aws_network_acl" "alone" {
  vpc_id = aws_vpc.v.id
}
resource "aws_network_acl_rule" "alone" {
  network_acl_id = aws_network_acl.alone.id
  rule_number    = 200
  egress         = true
  protocol       = "udp"
  rule_action    = "allow"
  cidr_block     = "10.0.0.0/8"
  from_port      = 53
  to_port        = 53
}
data "aws_network_acls" "of_db" {
  vpc_id = aws_vpc.v.id
  filter {
    name   = "association.subnet-id"
    values = [aws_subnet.db.id]
  }
  depends_on = [aws_network_acl.db]
}
output "db" { value = aws_network_acl.db.id }
output "of_db" { value = data.aws_network_acls.of_db.ids }
