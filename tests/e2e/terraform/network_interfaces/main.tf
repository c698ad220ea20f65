# Interfaces made first and given to an instance at its launch, attached to one that runs, and a NAT instance's route.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }

resource "aws_vpc" "v" { cidr_block = "10.7.0.0/16" }
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.7.0.0/24"
}
resource "aws_security_group" "ping" {
  name   = "ping"
  vpc_id = aws_vpc.v.id
  ingress {
    protocol    = "icmp"
    from_port   = -1
    to_port     = -1
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_network_interface" "first" {
  subnet_id         = aws_subnet.s.id
  private_ips       = ["10.7.0.10", "10.7.0.11"]
  security_groups   = [aws_security_group.ping.id]
  source_dest_check = false
  description       = "of the router, from its launch on"
  tags              = { Name = "first" }
}
resource "aws_instance" "router" {
  ami           = data.aws_ssm_parameter.al2023.value
  instance_type = "t3.micro"
  network_interface {
    network_interface_id = aws_network_interface.first.id
    device_index         = 0
  }
  tags = { Name = "eni-router" }
}
resource "aws_network_interface" "second" {
  subnet_id         = aws_subnet.s.id
  private_ips_count = 1
  security_groups   = [aws_security_group.ping.id]
  depends_on        = [aws_network_interface.first] # whose addresses could be picked for this one
}
resource "aws_network_interface_attachment" "second" {
  instance_id          = aws_instance.router.id
  network_interface_id = aws_network_interface.second.id
  device_index         = 1
}
resource "aws_network_interface" "third" {
  subnet_id       = aws_subnet.s.id
  security_groups = [aws_security_group.ping.id]
  attachment {
    instance     = aws_instance.host.id
    device_index = 1
  }
}
resource "aws_instance" "host" {
  ami                    = data.aws_ssm_parameter.al2023.value
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.s.id
  vpc_security_group_ids = [aws_security_group.ping.id]
  source_dest_check      = false
  tags                   = { Name = "eni-host" }
  depends_on             = [aws_network_interface.first]
}
resource "aws_route_table" "r" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block           = "0.0.0.0/0"
    network_interface_id = aws_network_interface.first.id
  }
}
data "aws_network_interface" "second" {
  id         = aws_network_interface.second.id
  depends_on = [aws_network_interface_attachment.second]
}

output "first" { value = tolist(aws_network_interface.first.private_ips) }
output "second" { value = aws_network_interface.second.private_ip }
output "third" { value = aws_network_interface.third.private_ip }
output "attached" { value = data.aws_network_interface.second.attachment[0].instance_id == aws_instance.router.id }
output "status" { value = aws_network_interface_attachment.second.status }
