# All events and the ticks, in one message group: Lambda takes no message of a group while others of it are in progress, so
# at most one run of the coordinator takes events at any time, and no run overwrites what another run has written.
# EventBridge gives no deduplication id; two events that differ in nothing, their id included, are one.
resource "aws_sqs_queue" "events" {
  name                        = local.events
  fifo_queue                  = true
  content_based_deduplication = true
  visibility_timeout_seconds  = local.queue.visibility_timeout_seconds
  message_retention_seconds   = local.queue.message_retention_seconds
  sqs_managed_sse_enabled     = true
  tags                        = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.failed_events.arn
    maxReceiveCount     = local.queue.receives
  })
}

# Events that failed in three runs.
resource "aws_sqs_queue" "failed_events" {
  name                      = local.failed_events
  fifo_queue                = true
  message_retention_seconds = 1209600 # two weeks, the longest there is
  sqs_managed_sse_enabled   = true
  tags                      = var.tags
}

resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EventsAndTicks"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events.arn
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = concat(
              [for rule in aws_cloudwatch_event_rule.this : rule.arn],
              [aws_cloudwatch_event_rule.tick.arn],
            )
          }
        }
      },
      {
        Sid       = "NothingInTheClear"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = aws_sqs_queue.events.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sqs_queue_policy" "failed_events" {
  queue_url = aws_sqs_queue.failed_events.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "NothingInTheClear"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.failed_events.arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# A FIFO queue knows no batching window: up to ten events that wait come at once, without waiting for more.
resource "aws_lambda_event_source_mapping" "events" {
  event_source_arn        = aws_sqs_queue.events.arn
  function_name           = aws_lambda_function.coordinator.arn
  batch_size              = local.queue.batch_size
  function_response_types = ["ReportBatchItemFailures"]
}
