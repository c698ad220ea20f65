# Public and private subnets in two zones with a NAT gateway in each, one of which has two addresses, and a private one.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }
data "aws_availability_zones" "z" { state = "available" }

resource "aws_vpc" "v" {
  cidr_block           = "10.9.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "nat" }
}
resource "aws_internet_gateway" "g" { vpc_id = aws_vpc.v.id }
resource "aws_subnet" "public" {
  count                   = 2
  vpc_id                  = aws_vpc.v.id
  cidr_block              = cidrsubnet(aws_vpc.v.cidr_block, 8, count.index)
  availability_zone       = data.aws_availability_zones.z.names[count.index]
  map_public_ip_on_launch = true
}
resource "aws_subnet" "private" {
  count             = 2
  vpc_id            = aws_vpc.v.id
  cidr_block        = cidrsubnet(aws_vpc.v.cidr_block, 8, 10 + count.index)
  availability_zone = data.aws_availability_zones.z.names[count.index]
}
resource "aws_eip" "nat" {
  count      = 3
  domain     = "vpc"
  depends_on = [aws_internet_gateway.g]
}
resource "aws_nat_gateway" "n" {
  count                    = 2
  allocation_id            = aws_eip.nat[count.index].id
  secondary_allocation_ids = count.index == 1 ? [aws_eip.nat[2].id] : null
  subnet_id                = aws_subnet.public[count.index].id
  tags                     = { Name = "nat-${count.index}" }
  depends_on               = [aws_internet_gateway.g]
}
resource "aws_nat_gateway" "inside" {
  connectivity_type                  = "private"
  subnet_id                          = aws_subnet.private[0].id
  secondary_private_ip_address_count = 2
}
resource "aws_route_table" "public" {
  vpc_id = aws_vpc.v.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.g.id
  }
}
resource "aws_route_table" "private" {
  count  = 2
  vpc_id = aws_vpc.v.id
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.n[count.index].id
  }
}
resource "aws_route_table_association" "public" {
  count          = 2
  subnet_id      = aws_subnet.public[count.index].id
  route_table_id = aws_route_table.public.id
}
resource "aws_route_table_association" "private" {
  count          = 2
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private[count.index].id
}
resource "aws_instance" "i" {
  count         = 2
  ami           = data.aws_ssm_parameter.al2023.value
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.private[count.index].id
  tags          = { Name = "behind-nat-${count.index}" }
  depends_on    = [aws_route_table_association.private]
}

data "aws_nat_gateway" "second" {
  tags       = { Name = "nat-1" }
  vpc_id     = aws_vpc.v.id
  state      = "available"
  depends_on = [aws_nat_gateway.n]
}
output "public" { value = aws_eip.nat[*].public_ip }
output "found" { value = [data.aws_nat_gateway.second.public_ip, length(data.aws_nat_gateway.second.secondary_allocation_ids)] }
output "inside" { value = length(aws_nat_gateway.inside.secondary_private_ip_addresses) }
