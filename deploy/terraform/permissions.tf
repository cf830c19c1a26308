resource "aws_iam_role" "coordinator" {
  name_prefix = "${var.name}-"
  description = "What the ecs-daemon-protector coordinator may do."
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "coordinator" {
  for_each = local.coordinator_policies

  name   = each.key
  role   = aws_iam_role.coordinator.id
  policy = each.value
}

resource "aws_iam_role" "heartbeats" {
  name_prefix = "${var.name}-"
  description = "What the heartbeats of the ecs-daemon-protector coordinator may do."
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "heartbeats" {
  name   = "heartbeats"
  role   = aws_iam_role.heartbeats.id
  policy = local.heartbeats_policy
}

resource "aws_iam_policy" "sidecar" {
  name_prefix = "${var.name}-sidecar-"
  description = "What the ecs-daemon-protector sidecar may do: read drain records."
  policy      = local.sidecar_policy
  tags        = var.tags
}

# For people, with protectorctl. The documents are ../policies; a test compares those with template.yaml.
resource "aws_iam_policy" "reader" {
  name_prefix = "${var.name}-reader-"
  description = "What a person may do who looks at drains with protectorctl: read."
  policy      = templatefile("${path.module}/../policies/reader.json", local.policy_names)
  tags        = var.tags
}

# What an operator needs beside it.
resource "aws_iam_policy" "operator" {
  name_prefix = "${var.name}-operator-"
  description = "What an operator of ecs-daemon-protector may do beside the reader: orders and the kill switch."
  policy      = templatefile("${path.module}/../policies/operator.json", local.policy_names)
  tags        = var.tags
}
