# A launch template with a second version, and instances of its default and latest versions.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }

resource "aws_vpc" "v" {
  cidr_block = "10.7.0.0/16"
}
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.7.0.0/24"
}
resource "aws_security_group" "g" {
  name   = "template"
  vpc_id = aws_vpc.v.id
}
resource "aws_launch_template" "t" {
  name_prefix            = "web-"
  image_id               = data.aws_ssm_parameter.al2023.value
  instance_type          = "t3.micro"
  update_default_version = true
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 3
  }
  block_device_mappings {
    device_name = "/dev/sdf"
    ebs {
      volume_size           = 5
      volume_type           = "gp3"
      delete_on_termination = true
    }
  }
  tag_specifications {
    resource_type = "volume"
    tags          = { From = "template" }
  }
  tags = { Name = "web" }
}
resource "aws_instance" "i" {
  for_each               = { default = "$Default", latest = "$Latest" }
  subnet_id              = aws_subnet.s.id
  vpc_security_group_ids = [aws_security_group.g.id]
  launch_template {
    id      = aws_launch_template.t.id
    version = each.value
  }
  tags = { Name = "template-${each.key}" }
}
data "aws_launch_template" "t" {
  name       = aws_launch_template.t.name
  depends_on = [aws_instance.i]
}
output "template" { value = aws_launch_template.t.id }
output "latest" { value = data.aws_launch_template.t.latest_version }
output "types" { value = { for name, each in aws_instance.i : name => each.instance_type } }
