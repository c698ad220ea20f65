# A service of one account behind a Network Load Balancer, and the endpoint of another account, whose VPC has the same block.
data "aws_availability_zones" "z" { state = "available" }
data "aws_caller_identity" "peer" { provider = aws.peer }

resource "aws_vpc" "owner" { cidr_block = "10.17.0.0/16" }
resource "aws_subnet" "owner" {
  vpc_id               = aws_vpc.owner.id
  cidr_block           = "10.17.0.0/24"
  availability_zone_id = data.aws_availability_zones.z.zone_ids[0]
}
resource "aws_lb" "front" {
  name               = "service"
  load_balancer_type = "network"
  internal           = true
  subnets            = [aws_subnet.owner.id]
}
resource "aws_lb_target_group" "web" {
  name        = "service"
  port        = 80
  protocol    = "TCP"
  target_type = "ip"
  vpc_id      = aws_vpc.owner.id
}
resource "aws_lb_target_group_attachment" "web" {
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = "10.17.0.10"
}
resource "aws_lb_listener" "web" {
  load_balancer_arn = aws_lb.front.arn
  port              = 80
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}
resource "aws_vpc_endpoint_service" "s" {
  acceptance_required        = true
  network_load_balancer_arns = [aws_lb.front.arn]
  private_dns_name           = "service.example.net"
  tags                       = { Name = "service" }
}
resource "aws_vpc_endpoint_service_allowed_principal" "peer" {
  vpc_endpoint_service_id = aws_vpc_endpoint_service.s.id
  principal_arn           = "arn:aws:iam::${data.aws_caller_identity.peer.account_id}:root"
}

resource "aws_vpc" "user" {
  provider   = aws.peer
  cidr_block = "10.17.0.0/16"
}
resource "aws_subnet" "user" {
  provider             = aws.peer
  vpc_id               = aws_vpc.user.id
  cidr_block           = "10.17.0.0/24"
  availability_zone_id = data.aws_availability_zones.z.zone_ids[0]
}
resource "aws_security_group" "user" {
  provider = aws.peer
  name     = "service"
  vpc_id   = aws_vpc.user.id
}
data "aws_vpc_endpoint_service" "s" {
  provider     = aws.peer
  service_name = aws_vpc_endpoint_service.s.service_name
  depends_on   = [aws_vpc_endpoint_service_allowed_principal.peer]
}
resource "aws_vpc_endpoint" "user" {
  provider           = aws.peer
  vpc_id             = aws_vpc.user.id
  service_name       = data.aws_vpc_endpoint_service.s.service_name
  vpc_endpoint_type  = "Interface"
  subnet_ids         = [aws_subnet.user.id]
  security_group_ids = [aws_security_group.user.id]
  tags               = { Name = "service" }
}
resource "aws_vpc_endpoint_connection_accepter" "user" {
  vpc_endpoint_service_id = aws_vpc_endpoint_service.s.id
  vpc_endpoint_id         = aws_vpc_endpoint.user.id
}

output "state" { value = aws_vpc_endpoint_connection_accepter.user.vpc_endpoint_state }
output "name" { value = aws_vpc_endpoint.user.dns_entry[0].dns_name }
output "service" { value = aws_vpc_endpoint_service.s.id }
output "acceptance" { value = data.aws_vpc_endpoint_service.s.acceptance_required }
