# What belongs together, as a resource of its own: an attachment, a main table, an ACL of a subnet, a group of an interface,
# a block of a VPC, a tag, a state, a permission.  Whatever holds them too leaves them alone.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }
data "aws_caller_identity" "peer" { provider = aws.peer }

resource "aws_vpc" "v" {
  cidr_block = "10.16.0.0/16"
  lifecycle { ignore_changes = [assign_generated_ipv6_cidr_block, tags["by"], tags_all["by"]] }
}
resource "aws_vpc_ipv6_cidr_block_association" "b" {
  vpc_id                           = aws_vpc.v.id
  assign_generated_ipv6_cidr_block = true
}
resource "aws_subnet" "s" {
  vpc_id          = aws_vpc_ipv6_cidr_block_association.b.vpc_id
  cidr_block      = "10.16.0.0/24"
  ipv6_cidr_block = cidrsubnet(aws_vpc_ipv6_cidr_block_association.b.ipv6_cidr_block, 8, 1)
}
resource "aws_ec2_tag" "by" {
  resource_id = aws_vpc.v.id
  key         = "by"
  value       = "associations"
}

resource "aws_internet_gateway" "g" {}
resource "aws_internet_gateway_attachment" "g" {
  internet_gateway_id = aws_internet_gateway.g.id
  vpc_id              = aws_vpc.v.id
}
resource "aws_route_table" "main" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway_attachment.g.internet_gateway_id
  }
}
resource "aws_main_route_table_association" "m" {
  vpc_id         = aws_vpc.v.id
  route_table_id = aws_route_table.main.id
}
resource "aws_network_acl" "a" {
  vpc_id = aws_vpc.v.id
  lifecycle { ignore_changes = [subnet_ids] }
}
resource "aws_network_acl_association" "a" {
  network_acl_id = aws_network_acl.a.id
  subnet_id      = aws_subnet.s.id
}

resource "aws_security_group" "g" {
  count  = 2
  name   = "associated-${count.index}"
  vpc_id = aws_vpc.v.id
}
resource "aws_network_interface" "e" {
  subnet_id       = aws_subnet.s.id
  security_groups = [aws_security_group.g[0].id]
  lifecycle { ignore_changes = [security_groups] }
}
resource "aws_network_interface_sg_attachment" "e" {
  network_interface_id = aws_network_interface.e.id
  security_group_id    = aws_security_group.g[1].id
}
resource "aws_network_interface_permission" "e" {
  network_interface_id = aws_network_interface.e.id
  aws_account_id       = data.aws_caller_identity.peer.account_id
  permission           = "INSTANCE-ATTACH"
}

resource "aws_instance" "i" {
  ami           = data.aws_ssm_parameter.al2023.value
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.s.id
  monitoring    = true
}
resource "aws_ec2_instance_state" "i" {
  instance_id = aws_instance.i.id
  state       = "stopped"
}

data "aws_route_table" "main" {
  vpc_id = aws_vpc.v.id
  filter {
    name   = "association.main"
    values = ["true"]
  }
  depends_on = [aws_main_route_table_association.m]
}
data "aws_network_interface" "e" {
  id         = aws_network_interface.e.id
  depends_on = [aws_network_interface_sg_attachment.e]
}

output "main" { value = [data.aws_route_table.main.id, aws_route_table.main.id] }
output "groups" { value = [sort(data.aws_network_interface.e.security_groups), sort(aws_security_group.g[*].id)] }
output "state" { value = aws_ec2_instance_state.i.state }
