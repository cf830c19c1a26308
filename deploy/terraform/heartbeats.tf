# Keeps the hooks that wait alive, and does nothing else: neither the events nor a coordinator that hangs can stand in
# front of a heartbeat.
resource "aws_lambda_function" "heartbeats" {
  #checkov:skip=CKV_AWS_50:Its own log lines tell each run with its calls; traces would cost permissions and money.
  #checkov:skip=CKV_AWS_115:It runs once a minute and ends within it, so one run at a time is all there is.
  #checkov:skip=CKV_AWS_116:A heartbeat that failed is of no use later; the next run comes in a minute.
  #checkov:skip=CKV_AWS_117:It talks to public AWS endpoints alone; a VPC would cost money and protect nothing.
  #checkov:skip=CKV_AWS_173:The environment has names and durations, no secret; Lambda encrypts it with its own key.
  #checkov:skip=CKV_AWS_272:The operator who applies the module has built or checked the zip, and can add a signing profile.
  function_name    = local.heartbeats_name
  description      = "Keeps the terminate hooks of draining ECS container instances alive."
  role             = aws_iam_role.heartbeats.arn
  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  memory_size      = local.heartbeats.memory_size
  timeout          = local.heartbeats.timeout
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

  # With the permissions before the first run, and still there at the last.
  depends_on = [aws_iam_role_policy.heartbeats]
}

resource "aws_lambda_function_event_invoke_config" "heartbeats" {
  function_name                = aws_lambda_function.heartbeats.function_name
  maximum_retry_attempts       = local.heartbeats.retries
  maximum_event_age_in_seconds = local.heartbeats.event_age_seconds
}

resource "aws_cloudwatch_event_rule" "heartbeats" {
  name                = local.heartbeats_name
  description         = "Gives the terminate hooks that wait their heartbeats."
  schedule_expression = local.heartbeats.schedule
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "heartbeats" {
  rule  = aws_cloudwatch_event_rule.heartbeats.name
  arn   = aws_lambda_function.heartbeats.arn
  input = local.heartbeats.input

  retry_policy {
    maximum_event_age_in_seconds = local.heartbeats.max_age
    maximum_retry_attempts       = local.heartbeats.attempts
  }
}

resource "aws_lambda_permission" "heartbeats" {
  statement_id  = "heartbeats"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.heartbeats.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.heartbeats.arn
}
