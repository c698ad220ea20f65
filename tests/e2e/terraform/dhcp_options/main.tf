# A VPC whose machines ask servers of its own, and find names in a domain of its own.
resource "aws_vpc" "v" {
  cidr_block           = "10.1.0.0/16"
  enable_dns_hostnames = true
}
resource "aws_vpc_dhcp_options" "corp" {
  domain_name          = "corp.example.com"
  domain_name_servers  = ["10.1.0.10", "AmazonProvidedDNS"]
  ntp_servers          = ["169.254.169.123"]
  netbios_name_servers = ["10.1.0.11"]
  netbios_node_type    = "2"
  tags                 = { Name = "corp" }
}
resource "aws_vpc_dhcp_options_association" "corp" {
  vpc_id          = aws_vpc.v.id
  dhcp_options_id = aws_vpc_dhcp_options.corp.id
}
data "aws_vpc_dhcp_options" "seen" {
  dhcp_options_id = aws_vpc_dhcp_options_association.corp.dhcp_options_id
}
output "vpc" { value = aws_vpc.v.id }
output "servers" { value = data.aws_vpc_dhcp_options.seen.domain_name_servers }
