# A VPC of both families: a public subnet whose instances are reached from the internet, a private one that only gets
# out, over an egress-only internet gateway, and an IPv6-only one that does the same.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }

resource "aws_vpc" "v" {
  cidr_block                       = "10.66.0.0/16"
  assign_generated_ipv6_cidr_block = true
  enable_dns_hostnames             = true
  tags                             = { Name = "dual-stack" }
}

resource "aws_subnet" "public" {
  vpc_id                                         = aws_vpc.v.id
  cidr_block                                     = cidrsubnet(aws_vpc.v.cidr_block, 4, 0)
  ipv6_cidr_block                                = cidrsubnet(aws_vpc.v.ipv6_cidr_block, 8, 0)
  assign_ipv6_address_on_creation                = true
  enable_resource_name_dns_aaaa_record_on_launch = true
  map_public_ip_on_launch                        = true
}

resource "aws_subnet" "private" {
  vpc_id          = aws_vpc.v.id
  cidr_block      = cidrsubnet(aws_vpc.v.cidr_block, 4, 1)
  ipv6_cidr_block = cidrsubnet(aws_vpc.v.ipv6_cidr_block, 8, 1)
  enable_dns64    = true
}

resource "aws_subnet" "only" {
  vpc_id                                         = aws_vpc.v.id
  ipv6_native                                    = true
  ipv6_cidr_block                                = cidrsubnet(aws_vpc.v.ipv6_cidr_block, 8, 2)
  assign_ipv6_address_on_creation                = true
  enable_resource_name_dns_aaaa_record_on_launch = true
  enable_dns64                                   = true
}

resource "aws_internet_gateway" "g" { vpc_id = aws_vpc.v.id }
resource "aws_egress_only_internet_gateway" "g" {
  vpc_id = aws_vpc.v.id
  tags   = { Name = "out" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.v.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.g.id
  }

  route {
    ipv6_cidr_block = "::/0"
    gateway_id      = aws_internet_gateway.g.id
  }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.v.id

  route {
    ipv6_cidr_block        = "::/0"
    egress_only_gateway_id = aws_egress_only_internet_gateway.g.id
  }
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}

resource "aws_route_table_association" "only" {
  subnet_id      = aws_subnet.only.id
  route_table_id = aws_route_table.private.id
}

resource "aws_default_security_group" "default" { vpc_id = aws_vpc.v.id }

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.v.id

  ingress {
    protocol         = "tcp"
    from_port        = 443
    to_port          = 443
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }

  egress {
    protocol         = "-1"
    from_port        = 0
    to_port          = 0
    cidr_blocks      = ["0.0.0.0/0"]
    ipv6_cidr_blocks = ["::/0"]
  }
}

resource "aws_vpc_security_group_ingress_rule" "ping" {
  security_group_id = aws_security_group.web_rules.id
  ip_protocol       = "icmpv6"
  from_port         = -1
  to_port           = -1
  cidr_ipv6         = aws_vpc.v.ipv6_cidr_block
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.web_rules.id
  ip_protocol       = "-1"
  cidr_ipv6         = "::/0"
}

resource "aws_security_group" "web_rules" {
  name   = "rules"
  vpc_id = aws_vpc.v.id
}

resource "aws_network_acl" "private" {
  vpc_id     = aws_vpc.v.id
  subnet_ids = [aws_subnet.private.id]

  ingress {
    protocol        = "-1"
    rule_no         = 100
    action          = "allow"
    ipv6_cidr_block = aws_vpc.v.ipv6_cidr_block
    from_port       = 0
    to_port         = 0
  }

  ingress {
    protocol        = "58"
    rule_no         = 110
    action          = "allow"
    ipv6_cidr_block = "::/0"
    icmp_type       = -1
    icmp_code       = -1
    from_port       = 0
    to_port         = 0
  }

  egress {
    protocol        = "-1"
    rule_no         = 100
    action          = "allow"
    ipv6_cidr_block = "::/0"
    from_port       = 0
    to_port         = 0
  }
}

resource "aws_instance" "public" {
  ami                    = data.aws_ssm_parameter.al2023.insecure_value
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.public.id
  vpc_security_group_ids = [aws_security_group.web.id]

  tags                   = { Name = "dual-public" }

  metadata_options { http_protocol_ipv6 = "enabled" }
}

resource "aws_instance" "private" {
  ami                    = data.aws_ssm_parameter.al2023.insecure_value
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.private.id
  vpc_security_group_ids = [aws_security_group.web_rules.id]
  ipv6_addresses         = [cidrhost(aws_subnet.private.ipv6_cidr_block, 4096)]
  tags                   = { Name = "dual-private" }
}

resource "aws_instance" "only" {
  ami                    = data.aws_ssm_parameter.al2023.insecure_value
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.only.id
  vpc_security_group_ids = [aws_security_group.web_rules.id]
  tags                   = { Name = "ipv6-only" }
}

resource "aws_network_interface" "only" { subnet_id = aws_subnet.only.id }

resource "aws_network_interface" "spare" {
  subnet_id          = aws_subnet.private.id
  ipv6_address_count = 2
}

data "aws_instance" "public" { instance_id = aws_instance.public.id }
data "aws_vpc" "seen" { id = aws_vpc.v.id }

output "block" { value = data.aws_vpc.seen.ipv6_cidr_block }
output "public" { value = aws_instance.public.ipv6_addresses }
output "private" { value = aws_instance.private.ipv6_addresses }
output "only" { value = aws_instance.only.ipv6_addresses }
output "only_names" { value = [aws_instance.only.private_ip, aws_subnet.only.cidr_block, aws_instance.only.private_dns] }
output "spare" { value = length(aws_network_interface.spare.ipv6_addresses) }
output "same" { value = toset(data.aws_instance.public.ipv6_addresses) == toset(aws_instance.public.ipv6_addresses) }
