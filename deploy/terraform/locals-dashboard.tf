# What the dashboard shows.

locals {
  widgets = [
    {
      type   = "metric"
      x      = 0
      y      = 0
      width  = 12
      height = 6
      properties = {
        title  = "Drains in flight"
        region = local.region
        period = 60
        stat   = "Maximum"
        view   = "timeSeries"
        metrics = [
          ["EcsDaemonProtector", "DrainsInFlight", "FunctionName", var.name],
          [".", "TasksRemaining", ".", "."],
        ]
      }
    },
    {
      type   = "metric"
      x      = 12
      y      = 0
      width  = 12
      height = 6
      properties = {
        title  = "Oldest drain, and hook time left (s)"
        region = local.region
        period = 60
        view   = "timeSeries"
        metrics = [
          ["EcsDaemonProtector", "OldestDrainAge", "FunctionName", var.name, { stat = "Maximum" }],
          [".", "HookTimeLeft", ".", local.heartbeats_name, { stat = "Minimum" }],
        ]
        annotations = {
          horizontal = [
            { label = "stuck", value = var.drain_stuck_seconds },
            { label = "about to expire", value = var.hook_time_left_seconds },
          ]
        }
      }
    },
    {
      type   = "metric"
      x      = 0
      y      = 6
      width  = 12
      height = 6
      properties = {
        title  = "What a drain takes (s)"
        region = local.region
        period = 300
        stat   = "p90"
        view   = "timeSeries"
        metrics = [
          ["EcsDaemonProtector", "DrainTime", "FunctionName", var.name],
          [".", "HoldTime", ".", "."],
          [".", "FlushTime", ".", "."],
          [".", "ReleaseLatency", ".", "."],
        ]
      }
    },
    {
      type   = "metric"
      x      = 12
      y      = 6
      width  = 12
      height = 6
      properties = {
        title  = "How drains end"
        region = local.region
        period = 300
        stat   = "Sum"
        view   = "timeSeries"
        metrics = [
          ["EcsDaemonProtector", "DrainsEnded", "FunctionName", var.name],
          [".", "ForcedReleases", ".", "."],
          [".", "DaemonsGone", ".", "."],
          [".", "UnprotectedDaemons", ".", "."],
          [".", "SidecarsKilled", ".", "."],
          [".", "SidecarsGaveUp", ".", "."],
          [".", "UnreleasedExits"],
        ]
      }
    },
    {
      type   = "metric"
      x      = 0
      y      = 12
      width  = 12
      height = 6
      properties = {
        title  = "Calls of AWS"
        region = local.region
        period = 60
        stat   = "Sum"
        view   = "timeSeries"
        metrics = [
          ["EcsDaemonProtector", "ApiCalls", "FunctionName", var.name],
          [".", "Throttles", ".", "."],
          [".", "Errors", ".", "."],
        ]
      }
    },
    {
      type   = "metric"
      x      = 12
      y      = 12
      width  = 12
      height = 6
      properties = {
        title  = "The coordinator"
        region = local.region
        period = 60
        stat   = "Sum"
        view   = "timeSeries"
        metrics = [
          ["AWS/Lambda", "Invocations", "FunctionName", var.name],
          [".", "Errors", ".", "."],
          [".", "Throttles", ".", "."],
          [".", "Duration", ".", ".", { stat = "p99", yAxis = "right" }],
        ]
      }
    },
    {
      type   = "metric"
      x      = 0
      y      = 18
      width  = 12
      height = 6
      properties = {
        title  = "Heartbeats"
        region = local.region
        period = 60
        stat   = "Sum"
        view   = "timeSeries"
        metrics = [
          ["AWS/Lambda", "Invocations", "FunctionName", local.heartbeats_name],
          [".", "Errors", ".", "."],
          ["EcsDaemonProtector", "ApiCalls", ".", "."],
          [".", "Errors", ".", "."],
        ]
      }
    },
    {
      type   = "metric"
      x      = 12
      y      = 18
      width  = 12
      height = 6
      properties = {
        title  = "Events that wait (s), failed, undelivered"
        region = local.region
        period = 60
        stat   = "Maximum"
        view   = "timeSeries"
        metrics = [
          ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", local.events],
          [".", "ApproximateNumberOfMessagesVisible", ".", local.failed_events, { yAxis = "right" }],
          [".", ".", ".", local.dead_letters, { yAxis = "right" }],
        ]
      }
    },
    {
      type   = "log"
      x      = 0
      y      = 24
      width  = 24
      height = 6
      properties = {
        title  = "Receipts"
        region = local.region
        view   = "table"
        query  = "SOURCE '${local.log_group}' | filter event = 'receipt' | sort @timestamp desc | limit 50"
      }
    },
  ]
}
