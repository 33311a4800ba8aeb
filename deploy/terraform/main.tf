# One tracker on Fargate: its folder on EFS, its mail by SES, its alarms by EventBridge and SNS. docs/running.md has how.
#
# One task, never two: the folder holds an SQLite database, which is safe on a network file system from one machine only.
# So the service stops the old task before it starts the new one, and the daemon keeps its own schedule.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.60"
    }
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { application = var.name }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

# -- The folder --------------------------------------------------------------------------------------------------------

resource "aws_efs_file_system" "data" {
  encrypted        = true
  performance_mode = "generalPurpose"
  throughput_mode  = "elastic"
  lifecycle {
    prevent_destroy = true # subscribers and sign-offs are nowhere else
  }
}

resource "aws_efs_backup_policy" "data" {
  file_system_id = aws_efs_file_system.data.id
  backup_policy {
    status = "ENABLED"
  }
}

resource "aws_efs_mount_target" "data" {
  for_each        = toset(var.subnet_ids)
  file_system_id  = aws_efs_file_system.data.id
  subnet_id       = each.value
  security_groups = [aws_security_group.data.id]
}

resource "aws_efs_access_point" "data" {
  file_system_id = aws_efs_file_system.data.id
  posix_user {
    uid = 10001
    gid = 10001
  }
  root_directory {
    path = "/policy-tracker"
    creation_info {
      owner_uid   = 10001
      owner_gid   = 10001
      permissions = "0700"
    }
  }
}

# -- Who may talk to whom ----------------------------------------------------------------------------------------------

resource "aws_security_group" "task" {
  name        = "${var.name}-task"
  description = "The tracker: nothing in, HTTPS and its disk out"
  vpc_id      = var.vpc_id
}

resource "aws_security_group" "data" {
  name        = "${var.name}-data"
  description = "The tracker's disk: from the tracker alone"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.task.id
  description       = "AWS's APIs, and channels over HTTPS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "data" {
  security_group_id            = aws_security_group.task.id
  description                  = "The tracker's disk"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.data.id
}

resource "aws_vpc_security_group_ingress_rule" "data" {
  security_group_id            = aws_security_group.data.id
  description                  = "From the tracker"
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  referenced_security_group_id = aws_security_group.task.id
}

# -- What it may do ----------------------------------------------------------------------------------------------------

data "aws_iam_policy_document" "assumed_by_task" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

# docs/iam-permissions.md, and its own disk and mail.
data "aws_iam_policy_document" "task" {
  statement {
    sid       = "ReadManagedPolicies"
    actions   = ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"]
    resources = ["arn:${data.aws_partition.this.partition}:iam::aws:policy/*"]
  }
  statement {
    sid       = "ListAndProveRemovals"
    actions   = ["iam:ListPolicies"]
    resources = ["*"]
  }
  statement {
    sid       = "ReadServiceLinkedRoles"
    actions   = ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"]
    resources = ["arn:${data.aws_partition.this.partition}:iam::*:role/aws-service-role/*"]
  }
  statement {
    sid       = "Disk"
    actions   = ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    resources = [aws_efs_file_system.data.arn]
    condition {
      test     = "StringEquals"
      variable = "elasticfilesystem:AccessPointArn"
      values   = [aws_efs_access_point.data.arn]
    }
  }
  statement {
    sid       = "Mail"
    actions   = ["ses:SendEmail", "ses:SendRawEmail"]
    resources = [aws_sesv2_email_identity.sender.arn, aws_sesv2_configuration_set.this.arn]
  }
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = data.aws_iam_policy_document.assumed_by_task.json
}

resource "aws_iam_role_policy" "task" {
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.task.json
}

resource "aws_iam_role" "starting" {
  name               = "${var.name}-starting"
  assume_role_policy = data.aws_iam_policy_document.assumed_by_task.json
}

resource "aws_iam_role_policy_attachment" "starting" {
  role       = aws_iam_role.starting.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

# -- Mail --------------------------------------------------------------------------------------------------------------

resource "aws_sesv2_email_identity" "sender" {
  email_identity = var.sender
}

resource "aws_sesv2_configuration_set" "this" {
  configuration_set_name = var.name
  reputation_options {
    reputation_metrics_enabled = true
  }
}

# -- The task ----------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.name}"
  retention_in_days = 365
}

resource "aws_ecs_cluster" "this" {
  name = var.name
}

locals {
  environment = merge({
    AWS_REGION                                   = var.region
    POLICY_TRACKER_LOG__FORMAT                   = "json"
    POLICY_TRACKER_MAIL__SENDER                  = var.sender
    POLICY_TRACKER_MAIL__OPERATOR                = var.operator
    POLICY_TRACKER_CHANNELS__SES_REGION          = var.region
    POLICY_TRACKER_CHANNELS__SES_CONFIGURATION_SET = aws_sesv2_configuration_set.this.configuration_set_name
  }, var.settings)

  container = {
    image                  = var.image
    readonlyRootFilesystem = true
    user                   = "10001:10001"
    environment            = [for name, value in local.environment : { name = name, value = value }]
    mountPoints = [
      { sourceVolume = "data", containerPath = "/data", readOnly = false },
      { sourceVolume = "tmp", containerPath = "/tmp", readOnly = false },
    ]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "task"
      }
    }
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.starting.arn

  container_definitions = jsonencode([
    merge(local.container, {
      name      = "init"
      command   = ["init"]
      essential = false
    }),
    merge(local.container, {
      name        = "policy-tracker"
      command     = ["daemon"]
      essential   = true
      stopTimeout = 120
      dependsOn   = [{ containerName = "init", condition = "SUCCESS" }]
    }),
  ])

  volume {
    name = "data"
    efs_volume_configuration {
      file_system_id     = aws_efs_file_system.data.id
      transit_encryption = "ENABLED"
      authorization_config {
        access_point_id = aws_efs_access_point.data.id
        iam             = "ENABLED"
      }
    }
  }

  volume {
    name = "tmp"
  }
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  launch_type     = "FARGATE"
  desired_count   = 1

  # The old one ends before the new one starts.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  network_configuration {
    subnets         = var.subnet_ids
    security_groups = [aws_security_group.task.id]
  }

  depends_on = [aws_efs_mount_target.data]
}

# -- Somebody hears when it ends ---------------------------------------------------------------------------------------

resource "aws_sns_topic" "trouble" {
  name = "${var.name}-trouble"
}

resource "aws_sns_topic_subscription" "operator" {
  topic_arn = aws_sns_topic.trouble.arn
  protocol  = "email"
  endpoint  = var.operator
}

resource "aws_cloudwatch_event_rule" "stopped" {
  name = "${var.name}-stopped"
  event_pattern = jsonencode({
    source      = ["aws.ecs"]
    detail-type = ["ECS Task State Change"]
    detail = {
      clusterArn = [aws_ecs_cluster.this.arn]
      lastStatus = ["STOPPED"]
    }
  })
}

resource "aws_cloudwatch_event_target" "stopped" {
  rule = aws_cloudwatch_event_rule.stopped.name
  arn  = aws_sns_topic.trouble.arn
}

data "aws_iam_policy_document" "trouble" {
  statement {
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.trouble.arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.stopped.arn]
    }
  }
}

resource "aws_sns_topic_policy" "trouble" {
  arn    = aws_sns_topic.trouble.arn
  policy = data.aws_iam_policy_document.trouble.json
}

output "log_group" {
  description = "Where it says what it did."
  value       = aws_cloudwatch_log_group.this.name
}

output "to_do" {
  description = "What no plan can do."
  value       = "Confirm the two mails that AWS sends: to ${var.sender} (SES) and to ${var.operator} (SNS). Then ask SES out of its sandbox."
}
