# What the usual module for a VPC makes of a few lists: public, private, database and intra subnets in three zones, in a
# VPC of both families with secondary blocks, a NAT gateway in each zone, the VPC's default ACL, security group and route
# table under management, ACLs of single rules, and DHCP options.
data "aws_availability_zones" "available" {
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}
data "aws_region" "current" {}
data "aws_caller_identity" "current" {}

locals {
  name      = "whole"
  cidr      = "10.70.0.0/16"
  secondary = ["10.71.0.0/16", "100.64.0.0/18"]
  azs       = slice(data.aws_availability_zones.available.names, 0, 3)
  tiers     = { public = 0, private = 4, database = 8, intra = 12 }
  subnets = merge([
    for tier, first in local.tiers : {
      for number, az in local.azs : "${tier}-${az}" => { tier = tier, number = number, az = az, index = first + number }
    }
  ]...)
  public = [for az in local.azs : aws_subnet.this["public-${az}"].id]
  rules = {
    for key, rule in {
      in-http  = { egress = false, number = 100, from = 80, to = 80, protocol = "tcp", cidr = "0.0.0.0/0" }
      in-https = { egress = false, number = 110, from = 443, to = 443, protocol = "tcp", ipv6 = "::/0" }
      in-icmp  = { egress = false, number = 120, protocol = "icmp", type = -1, code = -1, cidr = "10.0.0.0/8" }
      in-back  = { egress = false, number = 130, from = 1024, to = 65535, protocol = "tcp", cidr = "0.0.0.0/0" }
      out-all  = { egress = true, number = 100, from = 0, to = 0, protocol = "-1", cidr = "0.0.0.0/0" }
      out-six  = { egress = true, number = 101, from = 0, to = 0, protocol = "-1", ipv6 = "::/0" }
    } : key => merge({ from = null, to = null, type = null, code = null, cidr = null, ipv6 = null }, rule)
  }
}

resource "aws_vpc" "this" {
  cidr_block                           = local.cidr
  instance_tenancy                     = "default"
  enable_dns_hostnames                 = true
  enable_dns_support                   = true
  enable_network_address_usage_metrics = true
  assign_generated_ipv6_cidr_block     = true
  tags                                 = { Name = local.name, Region = data.aws_region.current.name }
}

resource "aws_vpc_ipv4_cidr_block_association" "this" {
  count      = length(local.secondary)
  vpc_id     = aws_vpc.this.id
  cidr_block = local.secondary[count.index]
}

# The VPC's own, emptied
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${local.name}-default" }
}
resource "aws_default_network_acl" "this" {
  default_network_acl_id = aws_vpc.this.default_network_acl_id
  subnet_ids             = null
  dynamic "ingress" {
    for_each = { 100 = { cidr_block = "0.0.0.0/0" }, 101 = { ipv6_cidr_block = "::/0" } }
    content {
      action          = "allow"
      rule_no         = ingress.key
      protocol        = "-1"
      from_port       = 0
      to_port         = 0
      cidr_block      = lookup(ingress.value, "cidr_block", null)
      ipv6_cidr_block = lookup(ingress.value, "ipv6_cidr_block", null)
    }
  }
  egress {
    action     = "allow"
    rule_no    = 100
    protocol   = "-1"
    from_port  = 0
    to_port    = 0
    cidr_block = "0.0.0.0/0"
  }
  tags = { Name = "${local.name}-default" }
  lifecycle {
    ignore_changes = [subnet_ids]
  }
}
resource "aws_default_route_table" "this" {
  default_route_table_id = aws_vpc.this.default_route_table_id
  route                  = []
  tags                   = { Name = "${local.name}-default" }
  timeouts {
    create = "5m"
    update = "5m"
  }
}

resource "aws_vpc_dhcp_options" "this" {
  domain_name         = "whole.example"
  domain_name_servers = ["AmazonProvidedDNS"]
  ntp_servers         = ["169.254.169.123"]
  tags                = { Name = local.name }
}
resource "aws_vpc_dhcp_options_association" "this" {
  vpc_id          = aws_vpc.this.id
  dhcp_options_id = aws_vpc_dhcp_options.this.id
}

resource "aws_subnet" "this" {
  for_each                        = local.subnets
  vpc_id                          = aws_vpc.this.id
  availability_zone               = each.value.az
  cidr_block                      = cidrsubnet(local.cidr, 6, each.value.index)
  ipv6_cidr_block                 = cidrsubnet(aws_vpc.this.ipv6_cidr_block, 8, each.value.index)
  assign_ipv6_address_on_creation = each.value.tier == "public"

  enable_resource_name_dns_a_record_on_launch    = true
  enable_resource_name_dns_aaaa_record_on_launch = true
  map_public_ip_on_launch                        = each.value.tier == "public"
  private_dns_hostname_type_on_launch            = each.value.tier == "public" ? null : "resource-name"
  tags                                           = { Name = "${local.name}-${each.key}", Tier = each.value.tier }
}
resource "aws_subnet" "secondary" {
  count             = length(local.secondary)
  vpc_id            = aws_vpc_ipv4_cidr_block_association.this[count.index].vpc_id
  availability_zone = local.azs[count.index]
  cidr_block        = cidrsubnet(local.secondary[count.index], 4, 1)
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = local.name }
}
resource "aws_egress_only_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = local.name }
}
resource "aws_eip" "nat" {
  count      = length(local.azs)
  domain     = "vpc"
  tags       = { Name = "${local.name}-${local.azs[count.index]}" }
  depends_on = [aws_internet_gateway.this]
}
resource "aws_nat_gateway" "this" {
  count         = length(local.azs)
  allocation_id = aws_eip.nat[count.index].id
  subnet_id     = local.public[count.index]
  tags          = { Name = "${local.name}-${local.azs[count.index]}" }
  depends_on    = [aws_internet_gateway.this]
}

# One table for public subnets, one for the inner ones, and one in each zone for what goes out over its NAT gateway
resource "aws_route_table" "shared" {
  for_each = toset(["public", "intra"])
  vpc_id   = aws_vpc.this.id
  tags     = { Name = "${local.name}-${each.key}" }
}
resource "aws_route_table" "zonal" {
  for_each = { for key, subnet in local.subnets : key => subnet if contains(["private", "database"], subnet.tier) }
  vpc_id   = aws_vpc.this.id
  tags     = { Name = "${local.name}-${each.key}" }
}
resource "aws_route_table_association" "this" {
  for_each       = local.subnets
  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = try(aws_route_table.zonal[each.key], aws_route_table.shared[each.value.tier]).id
}
resource "aws_route" "public" {
  route_table_id         = aws_route_table.shared["public"].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
  timeouts { create = "5m" }
}
resource "aws_route" "public_ipv6" {
  route_table_id              = aws_route_table.shared["public"].id
  destination_ipv6_cidr_block = "::/0"
  gateway_id                  = aws_internet_gateway.this.id
}
resource "aws_route" "nat" {
  for_each               = aws_route_table.zonal
  route_table_id         = each.value.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[local.subnets[each.key].number].id
  timeouts { create = "5m" }
}
resource "aws_route" "egress_only" {
  for_each                    = aws_route_table.zonal
  route_table_id              = each.value.id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = aws_egress_only_internet_gateway.this.id
}

resource "aws_network_acl" "this" {
  for_each   = toset(["public", "database"])
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for key, subnet in local.subnets : aws_subnet.this[key].id if subnet.tier == each.key]
  tags       = { Name = "${local.name}-${each.key}" }
}
resource "aws_network_acl_rule" "this" {
  for_each = {
    for pair in setproduct(keys(aws_network_acl.this), keys(local.rules)) : join("-", pair) => { acl = pair[0], rule = pair[1] }
  }
  network_acl_id  = aws_network_acl.this[each.value.acl].id
  egress          = local.rules[each.value.rule].egress
  rule_number     = local.rules[each.value.rule].number
  rule_action     = "allow"
  protocol        = local.rules[each.value.rule].protocol
  from_port       = local.rules[each.value.rule].from
  to_port         = local.rules[each.value.rule].to
  icmp_type       = local.rules[each.value.rule].type
  icmp_code       = local.rules[each.value.rule].code
  cidr_block      = local.rules[each.value.rule].cidr
  ipv6_cidr_block = local.rules[each.value.rule].ipv6
}

data "aws_subnets" "private" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.this.id]
  }
  tags       = { Tier = "private" }
  depends_on = [aws_subnet.this]
}
data "aws_route_table" "database" {
  subnet_id  = aws_subnet.this["database-${local.azs[0]}"].id
  depends_on = [aws_route_table_association.this, aws_route.nat]
}

output "private" { value = length(data.aws_subnets.private.ids) }
output "gateways" { value = aws_nat_gateway.this[*].public_ip }
output "database" { value = [for route in data.aws_route_table.database.routes : route.nat_gateway_id if route.nat_gateway_id != ""] }
output "first_gateway" { value = aws_nat_gateway.this[0].id }
output "owner" { value = aws_vpc.this.owner_id == data.aws_caller_identity.current.account_id }
