# The settings, and for the beacon alone: where people's tools look for events that were not processed. Not among the other
# locals, because these are known from the resources only.
locals {
  variables = merge(local.environment, {
    DEAD_LETTER_QUEUE_URL  = aws_sqs_queue.dead_letters.id
    FAILED_EVENT_QUEUE_URL = aws_sqs_queue.failed_events.id
  })
}

# No alias and no version: what is applied is in service, and applying the old package takes it back.
resource "aws_lambda_function" "coordinator" {
  #checkov:skip=CKV_AWS_50:Its own log lines tell each run with its calls; traces would cost permissions and money.
  #checkov:skip=CKV_AWS_115:The queue has one message group, so one run at a time is all there is.
  #checkov:skip=CKV_AWS_116:Failed invocations go to the dead letters by the event invoke config, which keeps the error.
  #checkov:skip=CKV_AWS_117:It talks to public AWS endpoints alone; a VPC would cost money and protect nothing.
  #checkov:skip=CKV_AWS_173:The environment has names and durations, no secret; Lambda encrypts it with its own key.
  #checkov:skip=CKV_AWS_272:The operator who applies the module has built or checked the zip, and can add a signing profile.
  function_name    = var.name
  description      = "Holds daemons while an ECS container instance drains."
  role             = aws_iam_role.coordinator.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = local.function.memory_size
  timeout          = local.function.timeout
  filename         = var.package_file
  source_code_hash = filebase64sha256(var.package_file)
  tags             = var.tags

  environment {
    variables = local.variables
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.coordinator.name
  }

  # With the permissions before the first run, and still there at the last. Not before the heartbeats, or a hook would
  # have none while a module of an earlier version is updated.
  depends_on = [
    aws_iam_role_policy.coordinator,
    aws_cloudwatch_event_target.heartbeats,
    aws_lambda_permission.heartbeats,
  ]
}

resource "aws_lambda_function_event_invoke_config" "coordinator" {
  function_name                = aws_lambda_function.coordinator.function_name
  maximum_retry_attempts       = local.function.retries
  maximum_event_age_in_seconds = local.function.event_age_seconds

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters.arn
    }
  }
}

resource "aws_cloudwatch_log_group" "coordinator" {
  #checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts it with its own key; the lines have names and counts, no secret.
  #checkov:skip=CKV_AWS_338:How long receipts are kept is a setting, log_retention_days.
  name              = local.log_group
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# Events that EventBridge could not deliver. It takes a standard queue alone.
resource "aws_sqs_queue" "dead_letters" {
  name                      = local.dead_letters
  message_retention_seconds = 1209600 # two weeks, the longest there is
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "UndeliveredEvents"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = [
              for name, rule in local.rules : aws_cloudwatch_event_rule.this[name].arn if rule.dead_letters
            ]
          }
        }
      },
      {
        Sid       = "NothingInTheClear"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.dead_letters.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}
