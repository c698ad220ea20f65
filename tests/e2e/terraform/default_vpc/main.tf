# What an account has from the beginning, adopted; and an instance that names no subnet.
resource "aws_default_vpc" "it" {}

resource "aws_default_subnet" "a" {
  availability_zone = "us-east-1a"
}

resource "aws_default_route_table" "main" {
  default_route_table_id = aws_default_vpc.it.default_route_table_id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = data.aws_internet_gateway.it.id
  }
}

resource "aws_default_security_group" "default" {
  vpc_id = aws_default_vpc.it.id

  ingress {
    protocol  = -1
    self      = true
    from_port = 0
    to_port   = 0
  }

  egress {
    protocol    = -1
    cidr_blocks = ["0.0.0.0/0"]
    from_port   = 0
    to_port     = 0
  }
}

resource "aws_default_vpc_dhcp_options" "it" {}

data "aws_vpc" "default" {
  default    = true
  depends_on = [aws_default_vpc.it]
}

data "aws_internet_gateway" "it" {
  filter {
    name   = "attachment.vpc-id"
    values = [aws_default_vpc.it.id]
  }
}

data "aws_subnets" "default" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.default.id]
  }

  filter {
    name   = "default-for-az"
    values = ["true"]
  }
}

resource "aws_security_group" "web" {
  name = "web"

  ingress {
    protocol    = "icmp"
    from_port   = -1
    to_port     = -1
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    protocol    = -1
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

data "aws_ssm_parameter" "al2023" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

resource "aws_instance" "it" {
  ami                    = data.aws_ssm_parameter.al2023.insecure_value
  instance_type          = "t3.micro"
  availability_zone      = aws_default_subnet.a.availability_zone
  vpc_security_group_ids = [aws_security_group.web.id]
  tags                   = { Name = "in-default-vpc" }
}

resource "aws_instance" "by_name" {
  ami             = data.aws_ssm_parameter.al2023.insecure_value
  instance_type   = "t3.micro"
  security_groups = [aws_security_group.web.name]
}

output "same" {
  value = data.aws_vpc.default.id == aws_security_group.web.vpc_id && data.aws_vpc.default.id == aws_default_subnet.a.vpc_id
}

output "cidr" {
  value = data.aws_vpc.default.cidr_block
}

output "zones" {
  value = length(data.aws_subnets.default.ids)
}

output "subnets" {
  value = [aws_default_subnet.a.id, aws_instance.it.subnet_id]
}

output "public" {
  value = { address = aws_instance.it.public_ip, name = aws_instance.it.public_dns }
}

output "neighbour" {
  value = aws_instance.by_name.private_ip
}
