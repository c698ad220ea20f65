# Network Load Balancers as modules make them: internal with fixed addresses and groups, and internet-facing with Elastic
# IP addresses; targets by instance and by address.
data "aws_availability_zones" "z" { state = "available" }
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }

resource "aws_vpc" "v" { cidr_block = "10.16.0.0/16" }
resource "aws_internet_gateway" "g" { vpc_id = aws_vpc.v.id }
resource "aws_subnet" "s" {
  count             = 2
  vpc_id            = aws_vpc.v.id
  cidr_block        = cidrsubnet(aws_vpc.v.cidr_block, 8, count.index)
  availability_zone = data.aws_availability_zones.z.names[count.index]
}
resource "aws_security_group" "front" {
  name   = "front"
  vpc_id = aws_vpc.v.id
  ingress {
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = [aws_vpc.v.cidr_block]
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_eip" "front" {
  count  = 2
  domain = "vpc"
}
resource "aws_lb" "inside" {
  name                             = "inside"
  load_balancer_type               = "network"
  internal                         = true
  security_groups                  = [aws_security_group.front.id]
  enable_cross_zone_load_balancing = true
  dynamic "subnet_mapping" {
    for_each = aws_subnet.s
    content {
      subnet_id            = subnet_mapping.value.id
      private_ipv4_address = cidrhost(subnet_mapping.value.cidr_block, 100)
    }
  }
  tags = { Name = "inside" }
}
resource "aws_lb" "outside" {
  name_prefix        = "out-"
  load_balancer_type = "network"
  dynamic "subnet_mapping" {
    for_each = aws_subnet.s
    content {
      subnet_id     = subnet_mapping.value.id
      allocation_id = aws_eip.front[subnet_mapping.key].id
    }
  }
  depends_on = [aws_internet_gateway.g]
}
resource "aws_lb" "plain" {
  load_balancer_type = "network"
  internal           = true
  subnets            = aws_subnet.s[*].id
}
resource "aws_lb_target_group" "web" {
  name_prefix          = "web-"
  port                 = 80
  protocol             = "TCP"
  vpc_id               = aws_vpc.v.id
  deregistration_delay = 30
  health_check {
    protocol            = "HTTP"
    path                = "/well"
    interval            = 10
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}
resource "aws_lb_target_group" "names" {
  name        = "names"
  port        = 53
  protocol    = "TCP_UDP"
  target_type = "ip"
  vpc_id      = aws_vpc.v.id
}
resource "aws_instance" "web" {
  ami           = data.aws_ssm_parameter.al2023.value
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.s[0].id
}
resource "aws_lb_target_group_attachment" "web" {
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web.id
  port             = 8080
}
resource "aws_lb_target_group_attachment" "names" {
  target_group_arn  = aws_lb_target_group.names.arn
  target_id         = "10.99.0.53"
  availability_zone = "all"
}
resource "aws_lb_listener" "web" {
  load_balancer_arn = aws_lb.inside.arn
  port              = 80
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
  tags = { Name = "web" }
}
resource "aws_lb_listener" "names" {
  load_balancer_arn = aws_lb.outside.arn
  port              = 53
  protocol          = "TCP_UDP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.names.arn
  }
}

data "aws_lb" "found" { arn = aws_lb.inside.arn }
data "aws_lb_target_group" "found" { name = aws_lb_target_group.names.name }
data "aws_lb_listener" "found" { arn = aws_lb_listener.web.arn }

output "name" { value = data.aws_lb.found.dns_name }
output "zone" { value = data.aws_lb.found.zone_id }
output "port" { value = data.aws_lb_listener.found.port }
output "group" { value = data.aws_lb_target_group.found.arn_suffix }
output "addresses" { value = [for row in aws_lb.inside.subnet_mapping : row.private_ipv4_address] }
output "public" { value = sort(aws_eip.front[*].public_ip) }
