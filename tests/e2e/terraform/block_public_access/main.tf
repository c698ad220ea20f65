# What is excluded from Block Public Access. The mode stays off, which is one of the whole Region; exclusions may be there
# before anything is blocked.
resource "aws_vpc" "v" { cidr_block = "10.12.0.0/16" }
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.12.0.0/24"
}
resource "aws_vpc_block_public_access_exclusion" "vpc" {
  vpc_id                          = aws_vpc.v.id
  internet_gateway_exclusion_mode = "allow-bidirectional"
}
resource "aws_vpc_block_public_access_exclusion" "subnet" {
  subnet_id                       = aws_subnet.s.id
  internet_gateway_exclusion_mode = "allow-egress"
  tags                            = { Name = "outwards" }
}
output "excluded" { value = aws_vpc_block_public_access_exclusion.vpc.resource_arn }
output "vpc" { value = aws_vpc.v.arn }
