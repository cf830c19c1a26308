# The function's environment, and the names of everything.

locals {
  makes_hook = var.hook_auto_scaling_group != ""

  # The group and hook of this module are served too. An empty list means any, so nothing is added to that.
  own_group = local.makes_hook ? [var.hook_auto_scaling_group] : []
  own_hook  = local.makes_hook ? [var.hook_name] : []
  groups    = length(var.auto_scaling_groups) == 0 ? [] : distinct(concat(var.auto_scaling_groups, local.own_group))
  hooks     = length(var.lifecycle_hooks) == 0 ? [] : distinct(concat(var.lifecycle_hooks, local.own_hook))

  environment = {
    PROTECTOR_CLUSTERS            = join(",", var.clusters)
    PROTECTOR_AUTO_SCALING_GROUPS = join(",", local.groups)
    PROTECTOR_LIFECYCLE_HOOKS     = join(",", local.hooks)
    PROTECTOR_PARAMETER_PREFIX    = var.parameter_prefix
    PROTECTOR_MAX_DRAIN           = var.max_drain
    PROTECTOR_DAEMON_STOP         = var.daemon_stop
    PROTECTOR_SETTLE              = var.settle
    PROTECTOR_LINGER              = var.linger
    PROTECTOR_ON_DEADLINE         = var.on_deadline
    PROTECTOR_IGNORE_GROUPS       = join(",", var.ignore_groups)
    PROTECTOR_AGENT_LOST          = var.agent_lost
    PROTECTOR_STOP_TASKS_AFTER    = var.stop_tasks_after
    PROTECTOR_STANDALONE_TASKS    = var.standalone_tasks
    PROTECTOR_DAEMON_TIERS        = var.daemon_tiers
    PROTECTOR_DRY_RUN             = tostring(var.dry_run)
    PROTECTOR_SIDECAR_CONTAINER   = var.sidecar_container
    PROTECTOR_LOG                 = var.log
    AWS_USE_FIPS_ENDPOINT         = tostring(var.use_fips_endpoint)
  }

  function = {
    memory_size = 128
    timeout     = 60
    # A failed invocation is tried again after one and two minutes; by then the tick has looked at the instance too.
    retries           = 2
    event_age_seconds = 3600
  }

  log_group    = "/aws/lambda/${var.name}"
  dead_letters = "${var.name}-dead-letters"

  dead_letters_arn = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.dead_letters}"
  log_group_arn    = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group}"
}
