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

output "sidecar_policy_arn" {
  description = "Attach this policy to the task role of every protected daemon."
  value       = aws_iam_policy.sidecar.arn
}

output "parameter_prefix" {
  description = "Where the drain records are; the sidecar's PROTECTOR_PARAMETER_PREFIX must be the same."
  value       = var.parameter_prefix
}

output "dead_letter_queue_url" {
  description = "Events that could not be delivered or handled."
  value       = aws_sqs_queue.dead_letters.id
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
