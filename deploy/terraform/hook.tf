resource "aws_autoscaling_lifecycle_hook" "terminate" {
  count = local.makes_hook ? 1 : 0

  name                   = var.hook_name
  autoscaling_group_name = var.hook_auto_scaling_group
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.hook_heartbeat_timeout

  # If the coordinator is gone the instance must still end. ABANDON would also cut short every other hook on it.
  default_result = "CONTINUE"

  # Created after everything that handles its events and removed before it, so that no instance waits in vain.
  depends_on = [
    aws_cloudwatch_event_target.this,
    aws_cloudwatch_event_target.tick,
    aws_cloudwatch_event_target.heartbeats,
    aws_lambda_permission.heartbeats,
  ]
}
