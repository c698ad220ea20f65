# Addresses that are set aside, and one of them given to an interface that asks for it.
resource "aws_vpc" "v" { cidr_block = "10.11.0.0/16" }
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.11.0.0/28"
}
resource "aws_ec2_subnet_cidr_reservation" "r" {
  subnet_id        = aws_subnet.s.id
  cidr_block       = "10.11.0.8/29"
  reservation_type = "explicit"
  description      = "by name alone"
}
resource "aws_network_interface" "asks" {
  subnet_id   = aws_subnet.s.id
  private_ips = ["10.11.0.10"]
}
resource "aws_network_interface" "other" {
  subnet_id  = aws_subnet.s.id
  depends_on = [aws_ec2_subnet_cidr_reservation.r]
}
output "other" { value = aws_network_interface.other.private_ip }
