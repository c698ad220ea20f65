# A security group that an interface of another VPC has, and a rule there names.
resource "aws_vpc" "home" { cidr_block = "10.13.0.0/16" }
resource "aws_vpc" "other" { cidr_block = "10.14.0.0/16" }
resource "aws_subnet" "other" {
  vpc_id     = aws_vpc.other.id
  cidr_block = "10.14.0.0/24"
}
resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.home.id
}
resource "aws_vpc_security_group_vpc_association" "a" {
  security_group_id = aws_security_group.web.id
  vpc_id            = aws_vpc.other.id
}
resource "aws_network_interface" "n" {
  subnet_id       = aws_subnet.other.id
  security_groups = [aws_vpc_security_group_vpc_association.a.security_group_id]
}
resource "aws_security_group" "db" {
  name   = "db"
  vpc_id = aws_vpc.other.id
}
resource "aws_vpc_security_group_ingress_rule" "web" {
  security_group_id            = aws_security_group.db.id
  referenced_security_group_id = aws_vpc_security_group_vpc_association.a.security_group_id
  ip_protocol                  = "-1"
}
output "state" { value = aws_vpc_security_group_vpc_association.a.state }
