# Inspection of what comes from the internet and of what goes between subnets: a gateway route table, and a route to a
# whole subnet.
resource "aws_vpc" "v" { cidr_block = "10.10.0.0/16" }
resource "aws_internet_gateway" "i" { vpc_id = aws_vpc.v.id }
resource "aws_subnet" "servers" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.10.0.0/24"
}
resource "aws_subnet" "boxes" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.10.1.0/24"
}
resource "aws_subnet" "others" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.10.2.0/24"
}
resource "aws_network_interface" "box" {
  subnet_id         = aws_subnet.boxes.id
  source_dest_check = false
}

resource "aws_route_table" "gateway" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block           = aws_subnet.servers.cidr_block
    network_interface_id = aws_network_interface.box.id
  }
}
resource "aws_route_table_association" "gateway" {
  gateway_id     = aws_internet_gateway.i.id
  route_table_id = aws_route_table.gateway.id
}

resource "aws_route_table" "servers" {
  vpc_id = aws_vpc.v.id
}
resource "aws_route_table_association" "servers" {
  subnet_id      = aws_subnet.servers.id
  route_table_id = aws_route_table.servers.id
}
resource "aws_route" "to_others" {
  route_table_id         = aws_route_table.servers.id
  destination_cidr_block = aws_subnet.others.cidr_block
  network_interface_id   = aws_network_interface.box.id
}

resource "aws_route_table" "others" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block = aws_vpc.v.cidr_block
    gateway_id = "local"
  }
}

output "gateway" { value = aws_route_table_association.gateway.gateway_id }
output "igw" { value = aws_internet_gateway.i.id }
