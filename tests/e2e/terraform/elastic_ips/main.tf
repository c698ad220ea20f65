# An instance with an Elastic IP address of its own, and an interface with one for a secondary address, which has a name.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }

resource "aws_vpc" "v" {
  cidr_block           = "10.6.0.0/16"
  enable_dns_hostnames = true
}
resource "aws_internet_gateway" "g" {
  vpc_id = aws_vpc.v.id
}
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.6.0.0/24"
}
resource "aws_ec2_subnet_cidr_reservation" "named" { # else one of them may be picked for an interface that names none
  subnet_id        = aws_subnet.s.id
  cidr_block       = "10.6.0.64/26"
  reservation_type = "explicit"
}
resource "aws_route_table" "r" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.g.id
  }
}
resource "aws_route_table_association" "ra" {
  route_table_id = aws_route_table.r.id
  subnet_id      = aws_subnet.s.id
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
resource "aws_instance" "i" {
  for_each               = { web = ["10.6.0.70"], client = [] }
  ami                    = data.aws_ssm_parameter.al2023.value
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.s.id
  secondary_private_ips  = each.value
  vpc_security_group_ids = [aws_security_group.ping.id]
  tags                   = { Name = "eip-${each.key}" }
  depends_on             = [aws_ec2_subnet_cidr_reservation.named]
}
resource "aws_eip" "web" {
  domain     = "vpc"
  instance   = aws_instance.i["web"].id
  depends_on = [aws_internet_gateway.g]
  tags       = { Name = "web" }
}
resource "aws_eip" "second" {
  domain                    = "vpc"
  network_interface         = aws_instance.i["web"].primary_network_interface_id
  associate_with_private_ip = "10.6.0.70"
  depends_on                = [aws_internet_gateway.g]
}
resource "aws_eip" "client" {
  domain = "vpc"
}
resource "aws_eip_association" "client" {
  instance_id   = aws_instance.i["client"].id
  allocation_id = aws_eip.client.id
}
resource "aws_network_interface" "two" {
  subnet_id   = aws_subnet.s.id
  private_ips = ["10.6.0.100", "10.6.0.101"]
}
resource "aws_eip" "mail" {
  domain                    = "vpc"
  network_interface         = aws_network_interface.two.id
  associate_with_private_ip = "10.6.0.101"
  depends_on                = [aws_internet_gateway.g]
}
resource "aws_route53_zone" "z" {
  name = "elastic.example"
}
resource "aws_route53_record" "mail" {
  zone_id = aws_route53_zone.z.zone_id
  name    = "mail"
  type    = "A"
  ttl     = 60
  records = [aws_eip.mail.public_ip]
}
resource "aws_eip_domain_name" "mail" {
  allocation_id = aws_eip.mail.allocation_id
  domain_name   = aws_route53_record.mail.fqdn
}
data "aws_eip" "web" {
  public_ip  = aws_eip.web.public_ip
  depends_on = [aws_eip.web]
}
data "aws_eips" "named" {
  tags       = { Name = "web" }
  depends_on = [aws_eip.web]
}
output "web" { value = aws_eip.web.public_ip }
output "second" { value = aws_eip.second.public_ip }
output "client" { value = aws_eip.client.public_ip }
output "mail" { value = [aws_eip.mail.private_ip, aws_eip.mail.public_ip, aws_eip_domain_name.mail.ptr_record] }
output "found" { value = [data.aws_eip.web.instance_id == aws_instance.i["web"].id, data.aws_eips.named.public_ips] }
