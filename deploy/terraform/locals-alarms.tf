# When an operator should act. The defaults of an alarm are: a sum, at least 1, and no data is good.

locals {
  own_metrics = "EcsDaemonProtector"

  of_function   = { FunctionName = var.name }
  of_heartbeats = { FunctionName = local.heartbeats_name }

  alarms = {
    # Without ticks a lost event stays lost, and sidecars leave only at their deadline.
    coordinator-silent = {
      description = "The ecs-daemon-protector coordinator has not run for five minutes."
      namespace   = "AWS/Lambda"
      metric      = "Invocations"
      comparison  = "LessThanThreshold"
      no_data     = "breaching"
    }

    coordinator-failing = {
      description = "The ecs-daemon-protector coordinator has failed in each of the last five minutes."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      period      = 60
      periods     = 5
    }

    # Lambda turned runs away: the account's concurrency is used up. Events wait in the queue meanwhile, but after three
    # minutes of it those that Lambda had taken are given up.
    coordinator-throttled = {
      description = "Lambda has turned the ecs-daemon-protector coordinator away in each of the last five minutes."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      period      = 60
      periods     = 5
    }

    # Hooks run out without them, and instances go before their daemons have flushed.
    heartbeats-silent = {
      description = "The heartbeats of ecs-daemon-protector have not run for three minutes."
      namespace   = "AWS/Lambda"
      metric      = "Invocations"
      dimensions  = local.of_heartbeats
      period      = 60
      periods     = 3
      comparison  = "LessThanThreshold"
      no_data     = "breaching"
    }

    heartbeats-failing = {
      description = "The heartbeats of ecs-daemon-protector have failed in each of the last three minutes."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = local.of_heartbeats
      period      = 60
      periods     = 3
    }

    heartbeats-denied = {
      description = "AWS has denied a call of the heartbeats of ecs-daemon-protector - a permission is missing."
      metric      = "Errors"
      dimensions  = merge(local.of_heartbeats, { Kind = "denied" })
    }

    # One run takes up to a minute. What waits for longer than two waits behind runs that fail, or too many events.
    events-wait = {
      description = "Events for the ecs-daemon-protector coordinator have waited for two minutes."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      statistic   = "Maximum"
      dimensions  = { QueueName = local.events }
      period      = 60
      periods     = 3
      threshold   = 120
    }

    events-failed = {
      description = "Events for the ecs-daemon-protector coordinator were given up after three runs."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      dimensions  = { QueueName = local.failed_events }
    }

    events-lost = {
      description = "Events for the ecs-daemon-protector coordinator could not be delivered."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      statistic   = "Maximum"
      dimensions  = { QueueName = local.dead_letters }
    }

    # Single throttles are normal while a fleet drains. For a quarter of an hour they mean that drains wait for quotas.
    api-throttled = {
      description = "AWS has throttled calls of the ecs-daemon-protector coordinator for a quarter of an hour."
      metric      = "Throttles"
      periods     = 3
    }

    # What is denied stays unknown, and what is unknown holds until the deadline.
    calls-denied = {
      description = "AWS has denied a call of the ecs-daemon-protector coordinator - a permission is missing."
      metric      = "Errors"
      dimensions  = merge(local.of_function, { Kind = "denied" })
    }

    # Its heartbeats do not arrive, or its global limit comes near. Then Auto Scaling ends the wait by itself.
    hook-about-to-expire = {
      description = "A terminate hook that ecs-daemon-protector serves is about to run out."
      metric      = "HookTimeLeft"
      dimensions  = local.of_heartbeats
      statistic   = "Minimum"
      period      = 60
      threshold   = var.hook_time_left_seconds
      comparison  = "LessThanThreshold"
    }

    # Past the deadline, the daemons' flush and some ticks: nothing in the design takes so long.
    drain-stuck = {
      description = "A drain that ecs-daemon-protector serves should have ended."
      metric      = "OldestDrainAge"
      statistic   = "Maximum"
      period      = 60
      periods     = 3
      threshold   = var.drain_stuck_seconds
      comparison  = "GreaterThanThreshold"
    }

    # By the deadline, an operator, the kill switch or a lost agent: tasks may have outlived the daemons.
    forced-release = {
      description = "ecs-daemon-protector has released daemons before all tasks were STOPPED."
      metric      = "ForcedReleases"
    }

    # Its sidecar was killed, gave up or never ran, or its task was stopped.
    daemons-gone = {
      description = "A protected daemon has ended while tasks of its draining instance still held."
      metric      = "DaemonsGone"
    }

    # Its sidecar has ended or never started, and the agent does not start it again; or its self-check fails. A check says so
    # each time, 15 minutes apart if nothing else is set, so an hour without it is an end.
    unprotected-daemon = {
      description = "A daemon runs without the protection of its sidecar."
      metric      = "UnprotectedDaemons"
      statistic   = "Maximum"
      period      = 3600
    }

    # Exit code 137: its stopTimeout is below the time it had to hold. Daemons went early.
    sidecar-killed = {
      description = "A sidecar of ecs-daemon-protector was killed at its stopTimeout."
      metric      = "SidecarsKilled"
    }

    # Exit code 10 or 11: its PROTECTOR_MAX_HOLD is too short, or the coordinator was dead.
    sidecar-gave-up = {
      description = "A sidecar of ecs-daemon-protector left by its own bound, without a release."
      metric      = "SidecarsGaveUp"
    }

    # Of the sidecars' own log lines: CloudWatch makes the metric of them, without a dimension, so there is one for all
    # sidecars of the account and region. No log group of this module has them, and without such lines there is no data.
    unreleased-exit = {
      description = "A sidecar of ecs-daemon-protector has exited without a release, as its log line says."
      metric      = "UnreleasedExits"
      dimensions  = {}
    }
  }

  alarm_settings = {
    for name, alarm in local.alarms : name => {
      description = "${alarm.description} Look with protectorctl status."
      metric      = alarm.metric
      namespace   = try(alarm.namespace, local.own_metrics)
      dimensions  = try(alarm.dimensions, local.of_function)
      statistic   = try(alarm.statistic, "Sum")
      period      = try(alarm.period, 300)
      periods     = try(alarm.periods, 1)
      threshold   = try(alarm.threshold, 1)
      comparison  = try(alarm.comparison, "GreaterThanOrEqualToThreshold")
      no_data     = try(alarm.no_data, "notBreaching")
    }
  }
}
