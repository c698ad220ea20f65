# The images and instance types that configurations look for, and an instance of each architecture.
data "aws_ami" "of" {
  for_each = {
    al2    = ["amazon", "amzn2-ami-kernel-5.10-hvm-*-x86_64-gp2"]
    al2023 = ["amazon", "al2023-ami-2023.*-x86_64"]
    ubuntu = ["099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*"]
    debian = ["136693071363", "debian-12-amd64-*"]
  }
  owners      = [each.value[0]]
  most_recent = true
  filter {
    name   = "name"
    values = [each.value[1]]
  }
  filter {
    name   = "virtualization-type"
    values = ["hvm"]
  }
}
data "aws_ssm_parameter" "of" {
  for_each = {
    al2    = "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2"
    al2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    ubuntu = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"
    debian = "/aws/service/debian/release/12/latest/amd64"
  }
  name = each.value
}
data "aws_ec2_instance_type" "m8g" { instance_type = "m8g.xlarge" }
data "aws_ec2_instance_types" "small" {
  filter {
    name   = "free-tier-eligible"
    values = ["true"]
  }
}
resource "aws_vpc" "v" {
  cidr_block = "10.9.0.0/16"
}
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.9.0.0/24"
}
resource "aws_instance" "of" {
  for_each      = { ubuntu = "t4g.nano", debian = "t3.nano" }
  ami           = data.aws_ami.of[each.key].id
  instance_type = each.value
  subnet_id     = aws_subnet.s.id
}
output "named" { value = { for name, image in data.aws_ami.of : name => image.id } }
output "parameters" {
  value = { for name, parameter in data.aws_ssm_parameter.of : name => parameter.insecure_value }
}
output "memory" { value = data.aws_ec2_instance_type.m8g.memory_size }
output "small" { value = length(data.aws_ec2_instance_types.small.instance_types) }
