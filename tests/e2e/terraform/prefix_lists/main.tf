# Prefix lists with entries inside and beside them, in a route and in rules, together with one of AWS's.
resource "aws_vpc" "near" { cidr_block = "10.8.0.0/16" }
resource "aws_vpc" "far" { cidr_block = "10.9.0.0/16" }
resource "aws_vpc_peering_connection" "p" {
  vpc_id      = aws_vpc.near.id
  peer_vpc_id = aws_vpc.far.id
  auto_accept = true
}

resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "offices"
  address_family = "IPv4"
  max_entries    = 4
  entry {
    cidr        = "203.0.113.0/24"
    description = "Tokyo"
  }
  entry { cidr = "198.51.100.0/24" }
  tags = { Name = "offices" }
}
resource "aws_ec2_managed_prefix_list" "peers" {
  name           = "peers"
  address_family = "IPv4"
  max_entries    = 3
}
resource "aws_ec2_managed_prefix_list_entry" "far" {
  prefix_list_id = aws_ec2_managed_prefix_list.peers.id
  cidr           = aws_vpc.far.cidr_block
  description    = "the far VPC"
}
resource "aws_ec2_managed_prefix_list" "offices6" {
  name           = "offices6"
  address_family = "IPv6"
  max_entries    = 1
  entry { cidr = "2001:db8::/32" }
}

data "aws_ec2_managed_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }
data "aws_prefix_list" "dynamodb" { name = "com.amazonaws.us-east-1.dynamodb" }

resource "aws_route_table" "t" { vpc_id = aws_vpc.near.id }
resource "aws_route" "peers" {
  route_table_id             = aws_route_table.t.id
  destination_prefix_list_id = aws_ec2_managed_prefix_list.peers.id
  vpc_peering_connection_id  = aws_vpc_peering_connection.p.id
}
resource "aws_route_table" "inline" {
  vpc_id = aws_vpc.near.id
  route {
    destination_prefix_list_id = aws_ec2_managed_prefix_list.peers.id
    vpc_peering_connection_id  = aws_vpc_peering_connection.p.id
  }
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.near.id
  ingress {
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    prefix_list_ids = [aws_ec2_managed_prefix_list.offices.id, aws_ec2_managed_prefix_list.offices6.id]
  }
}
resource "aws_security_group" "app" {
  name   = "app"
  vpc_id = aws_vpc.near.id
}
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.app.id
  prefix_list_id    = aws_ec2_managed_prefix_list.offices.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}
resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.app.id
  prefix_list_id    = data.aws_ec2_managed_prefix_list.s3.id
  ip_protocol       = "-1"
}

output "s3" { value = data.aws_ec2_managed_prefix_list.s3.owner_id }
output "dynamodb" { value = data.aws_prefix_list.dynamodb.cidr_blocks }
output "offices" { value = aws_ec2_managed_prefix_list.offices.version }
