# A way in without public addresses: an endpoint, and instances that let in nobody else.
resource "aws_vpc" "v" {
  cidr_block = "10.9.0.0/16"
}
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.9.0.0/24"
}
resource "aws_security_group" "door" {
  name   = "door"
  vpc_id = aws_vpc.v.id
  egress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = [aws_vpc.v.cidr_block]
  }
}
resource "aws_ec2_instance_connect_endpoint" "e" {
  subnet_id          = aws_subnet.s.id
  security_group_ids = [aws_security_group.door.id]
  tags               = { Name = "door" }
}
output "endpoint" {
  value = {
    arn        = aws_ec2_instance_connect_endpoint.e.arn
    dns_name   = aws_ec2_instance_connect_endpoint.e.dns_name
    interfaces = aws_ec2_instance_connect_endpoint.e.network_interface_ids
  }
}
