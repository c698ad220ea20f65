# An instance with all that a launch says of it, in an account with defaults of its own for metadata.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }

resource "aws_vpc" "v" {
  cidr_block           = "10.17.0.0/16"
  enable_dns_hostnames = true
}
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.17.0.0/24"
}
resource "aws_ec2_instance_metadata_defaults" "account" {
  http_tokens                 = "required"
  http_put_response_hop_limit = 3
}
resource "aws_key_pair" "k" {
  key_name   = "laptop"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDKaFpvX9whWzqUSkrVzj7XA01PVOQtUjmQoJ3Y1+97v someone@laptop"
  tags       = { Name = "laptop" }
}
resource "aws_instance" "i" {
  ami           = data.aws_ssm_parameter.al2023.value
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.s.id
  key_name      = aws_key_pair.k.key_name
  user_data     = "#!/bin/sh\necho options >/etc/motd\n"
  private_dns_name_options {
    hostname_type                     = "resource-name"
    enable_resource_name_dns_a_record = true
  }
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }
  credit_specification { cpu_credits = "unlimited" }
  maintenance_options { auto_recovery = "default" }
  root_block_device {
    encrypted   = true
    volume_type = "gp3"
    throughput  = 200
    volume_size = 50
    tags        = { Name = "root-of-options" }
  }
  tags = { Name = "with-options" }
}
output "name" { value = aws_instance.i.private_dns }
