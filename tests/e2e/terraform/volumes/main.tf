# Volumes by themselves, at an instance and in snapshots; placement groups; what an account sets for its volumes.
data "aws_ssm_parameter" "al2023" { name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64" }

resource "aws_vpc" "v" {
  cidr_block = "10.8.0.0/16"
}
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.8.0.0/24"
}
resource "aws_placement_group" "p" {
  name            = "racks"
  strategy        = "partition"
  partition_count = 2
  tags            = { Name = "racks" }
}
resource "aws_instance" "i" {
  ami                        = data.aws_ssm_parameter.al2023.value
  instance_type              = "t3.micro"
  subnet_id                  = aws_subnet.s.id
  placement_group            = aws_placement_group.p.name
  placement_partition_number = 2
  root_block_device {
    volume_size = 9
    volume_type = "gp3"
  }
  tags = { Name = "with-volumes" }
}
resource "aws_instance" "own" {
  ami           = data.aws_ssm_parameter.al2023.value
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.s.id
  tenancy       = "dedicated"
  ebs_block_device {
    device_name = "/dev/sdb"
    volume_size = 2
    encrypted   = true
  }
}
resource "aws_ebs_volume" "data" {
  availability_zone = aws_instance.i.availability_zone
  size              = 4
  type              = "gp3"
  iops              = 4000
  throughput        = 250
  tags              = { Name = "data" }
}
resource "aws_volume_attachment" "a" {
  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data.id
  instance_id = aws_instance.i.id
}
resource "aws_ebs_snapshot" "s" {
  volume_id  = aws_ebs_volume.data.id
  tags       = { Name = "data" }
  depends_on = [aws_volume_attachment.a]
}
resource "aws_ebs_snapshot_copy" "c" {
  source_snapshot_id = aws_ebs_snapshot.s.id
  source_region      = "us-east-1"
}
resource "aws_ebs_volume" "of_snapshot" {
  availability_zone = aws_instance.i.availability_zone
  snapshot_id       = aws_ebs_snapshot_copy.c.id
  encrypted         = true
}
resource "aws_ebs_encryption_by_default" "e" {
  depends_on = [aws_ebs_volume.of_snapshot, aws_instance.i, aws_instance.own, aws_ebs_snapshot_copy.c]
}
resource "aws_ebs_snapshot_block_public_access" "b" {
  state = "block-all-sharing"
}
output "size" { value = aws_ebs_volume.of_snapshot.size }
output "partition" { value = aws_instance.i.placement_partition_number }
