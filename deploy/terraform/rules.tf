resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${var.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = var.tags
}

# A target is set when EventBridge may send to the queue and the coordinator takes events from it already.
resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = aws_sqs_queue.events.arn

  sqs_target {
    message_group_id = local.queue.message_group
  }

  retry_policy {
    maximum_event_age_in_seconds = each.value.max_age
    maximum_retry_attempts       = each.value.attempts
  }

  dynamic "dead_letter_config" {
    for_each = each.value.dead_letters ? [aws_sqs_queue.dead_letters.arn] : []
    content {
      arn = dead_letter_config.value
    }
  }

  depends_on = [aws_lambda_event_source_mapping.events, aws_sqs_queue_policy.events]
}

resource "aws_cloudwatch_event_rule" "tick" {
  name                = "${var.name}-tick"
  description         = "Finds drains whose events were lost."
  schedule_expression = local.tick.schedule
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "tick" {
  rule = aws_cloudwatch_event_rule.tick.name
  arn  = aws_sqs_queue.events.arn

  sqs_target {
    message_group_id = local.queue.message_group
  }

  retry_policy {
    maximum_event_age_in_seconds = local.tick.max_age
    maximum_retry_attempts       = local.tick.attempts
  }

  depends_on = [aws_lambda_event_source_mapping.events, aws_sqs_queue_policy.events]
}
