resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${var.name}-${each.key}"
  description   = each.value.description
  event_pattern = jsonencode(each.value.pattern)
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.rules

  rule = aws_cloudwatch_event_rule.this[each.key].name
  arn  = aws_lambda_function.coordinator.arn

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
}

resource "aws_lambda_permission" "rule" {
  for_each = local.rules

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.coordinator.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[each.key].arn
}

resource "aws_cloudwatch_event_rule" "tick" {
  name                = "${var.name}-tick"
  description         = "Finds drains whose events were lost."
  schedule_expression = local.tick.schedule
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "tick" {
  rule = aws_cloudwatch_event_rule.tick.name
  arn  = aws_lambda_function.coordinator.arn

  retry_policy {
    maximum_event_age_in_seconds = local.tick.max_age
    maximum_retry_attempts       = local.tick.attempts
  }
}

resource "aws_lambda_permission" "tick" {
  statement_id  = "tick"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.coordinator.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.tick.arn
}
