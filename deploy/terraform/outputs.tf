output "function_name" {
  description = <<-EOT
    Name of the coordinator, for direct invocation by an operator, and the dimension FunctionName of its metrics.
  EOT
  value       = aws_lambda_function.coordinator.function_name
}

output "function_arn" {
  description = "ARN of the coordinator."
  value       = aws_lambda_function.coordinator.arn
}

output "heartbeats_function_name" {
  description = "Name of the function that keeps hooks alive, and the dimension FunctionName of its metrics."
  value       = aws_lambda_function.heartbeats.function_name
}

output "sidecar_policy_arn" {
  description = "Attach this policy to the task role of every protected daemon."
  value       = aws_iam_policy.sidecar.arn
}

output "reader_policy_arn" {
  description = "Attach this policy to people who look at drains with protectorctl."
  value       = aws_iam_policy.reader.arn
}

output "operator_policy_arn" {
  description = "Attach this policy, beside that of the reader, to operators: orders and the kill switch."
  value       = aws_iam_policy.operator.arn
}

output "parameter_prefix" {
  description = "Where the drain records are; the sidecar's PROTECTOR_PARAMETER_PREFIX must be the same."
  value       = var.parameter_prefix
}

output "dead_letter_queue_url" {
  description = "Events that EventBridge could not deliver."
  value       = aws_sqs_queue.dead_letters.id
}

output "event_queue_url" {
  description = "Events that wait for the coordinator."
  value       = aws_sqs_queue.events.id
}

output "failed_event_queue_url" {
  description = "Events that the coordinator could not deal with in three runs."
  value       = aws_sqs_queue.failed_events.id
}

output "log_group_name" {
  description = "Where the coordinator's log lines and drain receipts are."
  value       = aws_cloudwatch_log_group.coordinator.name
}

output "hook_name" {
  description = "Name of the terminate hook that this module has made, if any."
  value       = one(aws_autoscaling_lifecycle_hook.terminate[*].name)
}

output "alarm_topic_arn" {
  description = "The topic that the alarms notify, if any."
  value       = one(local.topics)
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard, if any."
  value       = one(aws_cloudwatch_dashboard.this[*].dashboard_name)
}
