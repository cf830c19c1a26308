# The functions' environment, and the names of everything.

locals {
  makes_hook = var.hook_auto_scaling_group != ""

  # The group and hook of this module are served too. An empty list means any, so nothing is added to that.
  own_group = local.makes_hook ? [var.hook_auto_scaling_group] : []
  own_hook  = local.makes_hook ? [var.hook_name] : []
  groups    = length(var.auto_scaling_groups) == 0 ? [] : distinct(concat(var.auto_scaling_groups, local.own_group))
  hooks     = length(var.lifecycle_hooks) == 0 ? [] : distinct(concat(var.lifecycle_hooks, local.own_hook))

  environment = {
    PROTECTOR_CLUSTERS             = join(",", var.clusters)
    PROTECTOR_AUTO_SCALING_GROUPS  = join(",", local.groups)
    PROTECTOR_LIFECYCLE_HOOKS      = join(",", local.hooks)
    PROTECTOR_PARAMETER_PREFIX     = var.parameter_prefix
    PROTECTOR_MAX_DRAIN            = var.max_drain
    PROTECTOR_DAEMON_STOP          = var.daemon_stop
    PROTECTOR_SETTLE               = var.settle
    PROTECTOR_LINGER               = var.linger
    PROTECTOR_ON_DEADLINE          = var.on_deadline
    PROTECTOR_IGNORE_GROUPS        = join(",", var.ignore_groups)
    PROTECTOR_AGENT_LOST           = var.agent_lost
    PROTECTOR_UNPROTECTED_CHECK    = var.unprotected_check
    PROTECTOR_STOP_TASKS_AFTER     = var.stop_tasks_after
    PROTECTOR_STANDALONE_TASKS     = var.standalone_tasks
    PROTECTOR_DAEMON_TIERS         = var.daemon_tiers
    PROTECTOR_DRY_RUN              = tostring(var.dry_run)
    PROTECTOR_OWN_RECORDS_ONLY     = tostring(var.own_records_only)
    PROTECTOR_PARAMETER_THROUGHPUT = var.parameter_throughput
    PROTECTOR_SIDECAR_CONTAINER    = var.sidecar_container
    PROTECTOR_LOG                  = var.log
    AWS_USE_FIPS_ENDPOINT          = tostring(var.use_fips_endpoint)
  }

  function = {
    memory_size = 128
    timeout     = 60
    # Operators alone invoke it directly.
    retries           = 0
    event_age_seconds = 3600
  }

  heartbeats = {
    memory_size = 128
    # It ends before the next run begins. A heartbeat that failed is of no use later.
    timeout           = 55
    retries           = 0
    event_age_seconds = 60
    schedule          = "rate(1 minute)"
    input             = jsonencode({ source = "ecs-daemon-protector", detail-type = "Heartbeats", detail = {} })
    max_age           = 60
    attempts          = 0
  }

  queue = {
    # The time-out of the coordinator, which is the least that Lambda takes. A run that crashed holds it up as long.
    visibility_timeout_seconds = 60
    # Nothing is worth knowing for longer than a hook waits as a rule; the tick has found it by then.
    message_retention_seconds = 3600
    receives                  = 3
    batch_size                = 10
    # One for all: at most one run of the coordinator takes events at any time.
    message_group = "drains"
  }

  heartbeats_name = "${var.name}-heartbeats"
  log_group       = "/aws/lambda/${var.name}"
  dead_letters    = "${var.name}-dead-letters"
  events          = "${var.name}-events.fifo"
  failed_events   = "${var.name}-failed-events.fifo"

  queue_arn        = "arn:${local.partition}:sqs:${local.region}:${local.account}"
  dead_letters_arn = "${local.queue_arn}:${local.dead_letters}"
  events_arn       = "${local.queue_arn}:${local.events}"
  log_group_arn    = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.log_group}"
}
