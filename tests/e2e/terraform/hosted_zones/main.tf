# A private zone of account 1 (provider aws) that answers in a VPC of its own and in one of account 2 (aws.peer).
resource "aws_vpc" "main" {
  cidr_block           = "10.10.0.0/16"
  enable_dns_hostnames = true
}
resource "aws_vpc" "peer" {
  provider             = aws.peer
  cidr_block           = "10.20.0.0/16"
  enable_dns_hostnames = true
}
resource "aws_route53_zone" "corp" {
  name = "corp.example"
  vpc { vpc_id = aws_vpc.main.id }
  tags = { Name = "corp" }
  # Associations of other accounts are resources of their own.
  lifecycle { ignore_changes = [vpc] }
}
resource "aws_route53_record" "db" {
  zone_id = aws_route53_zone.corp.zone_id
  name    = "db"
  type    = "A"
  ttl     = 60
  records = ["10.10.0.10", "10.10.0.11"]
}
resource "aws_route53_record" "alias" {
  zone_id = aws_route53_zone.corp.zone_id
  name    = "database.corp.example"
  type    = "CNAME"
  ttl     = 60
  records = ["db.corp.example"]
}
resource "aws_route53_record" "wildcard" {
  zone_id = aws_route53_zone.corp.zone_id
  name    = "*.apps"
  type    = "AAAA"
  ttl     = 60
  records = ["2001:db8::1"]
}
resource "aws_route53_record" "text" {
  zone_id = aws_route53_zone.corp.zone_id
  name    = "corp.example"
  type    = "TXT"
  ttl     = 60
  records = ["v=spf1 -all", "two words"]
}
resource "aws_route53_vpc_association_authorization" "peer" {
  zone_id = aws_route53_zone.corp.zone_id
  vpc_id  = aws_vpc.peer.id
}
resource "aws_route53_zone_association" "peer" {
  provider = aws.peer
  zone_id  = aws_route53_vpc_association_authorization.peer.zone_id
  vpc_id   = aws_route53_vpc_association_authorization.peer.vpc_id
}
resource "aws_route53_zone" "public" {
  name    = "shop.example"
  comment = "outside"
}
resource "aws_route53_record" "www" {
  zone_id = aws_route53_zone.public.zone_id
  name    = "www"
  type    = "A"
  ttl     = 60
  records = ["198.19.0.1"]
}
data "aws_route53_zone" "corp" {
  name         = aws_route53_zone.corp.name
  private_zone = true
}
output "zone" { value = data.aws_route53_zone.corp.zone_id }
output "peer" { value = aws_vpc.peer.id }
output "name_servers" { value = aws_route53_zone.public.name_servers }
