# How to drain.

variable "max_drain" {
  description = "Longest time one drain may hold the daemons. Keep each sidecar's stopTimeout above it."
  type        = string
  default     = "1h"

  validation {
    condition     = can(regex("^([0-9]+(h|m|s) ?)+$", var.max_drain))
    error_message = "A duration such as 90s, 15m or 1h30m, from 1s to 48h."
  }
}

variable "daemon_stop" {
  description = "Time the daemons get to stop and flush after release, before the instance may go."
  type        = string
  default     = "2m"

  validation {
    condition     = can(regex("^([0-9]+(h|m|s) ?)+$", var.daemon_stop))
    error_message = "A duration such as 90s, 15m or 1h30m, from 1s to 48h."
  }
}

variable "settle" {
  description = "Time that must pass after DRAINING is confirmed before \"no task left\" is believed."
  type        = string
  default     = "10s"

  validation {
    condition     = can(regex("^([0-9]+(h|m|s) ?)+$", var.settle))
    error_message = "A duration such as 90s, 15m or 1h30m, from 1s to 48h."
  }
}

variable "linger" {
  description = "Time the daemons stay after the last task has ended, to read what it has written last; 0s: none."
  type        = string
  default     = "5s"

  validation {
    condition     = can(regex("^([0-9]+(h|m|s) ?)+$", var.linger))
    error_message = "A duration such as 90s, 15m or 1h30m, from 1s to 48h, or 0s."
  }
}

variable "agent_lost" {
  description = "Time an ECS agent must be disconnected before the tasks on its instance count as gone."
  type        = string
  default     = "10m"

  validation {
    condition     = can(regex("^([0-9]+(h|m|s) ?)+$", var.agent_lost))
    error_message = "A duration such as 90s, 15m or 1h30m, from 1s to 48h."
  }
}

variable "unprotected_check" {
  description = <<-EOT
    Time between two checks of the daemons of instances that do not drain for sidecars that do not protect them; 0s: no
    check.
  EOT
  type        = string
  default     = "15m"

  validation {
    condition     = can(regex("^([0-9]+(h|m|s) ?)+$", var.unprotected_check))
    error_message = "A duration such as 90s, 15m or 1h30m, from 1s to 48h, or 0s."
  }
}

variable "stop_tasks_after" {
  description = "Time after the start of a drain at which the tasks that still hold are stopped. Empty: never."
  type        = string
  default     = ""

  validation {
    condition     = var.stop_tasks_after == "" || can(regex("^([0-9]+(h|m|s) ?)+$", var.stop_tasks_after))
    error_message = "A duration such as 90s, 15m or 1h30m, from 1s to 48h, shorter than max_drain."
  }
}

variable "on_deadline" {
  description = "At the deadline either let the daemons go (release) or hold on up to the hook's global limit (hold)."
  type        = string
  default     = "release"

  validation {
    condition     = contains(["release", "hold"], var.on_deadline)
    error_message = "Either release or hold."
  }
}

variable "standalone_tasks" {
  description = "Tasks of no service, which DRAINING leaves alone: wait for them, ignore them, or stop them."
  type        = string
  default     = "wait"

  validation {
    condition     = contains(["wait", "ignore", "stop"], var.standalone_tasks)
    error_message = "One of wait, ignore and stop."
  }
}

variable "ignore_groups" {
  description = "Task groups that never hold a drain, such as service:batch-helper or family:nightly."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for group in var.ignore_groups : can(regex("^[^,]{1,255}$", group))])
    error_message = "Task groups as ECS shows them."
  }
}

variable "daemon_tiers" {
  description = <<-EOT
    Order in which daemon services are released, such as "xray, datadog | fluent-bit". Empty: all at once.
  EOT
  type        = string
  default     = ""

  validation {
    condition     = var.daemon_tiers == "" || can(regex("^[a-zA-Z0-9_-]+( *[,|] *[a-zA-Z0-9_-]+)*$", var.daemon_tiers))
    error_message = "Service names, with commas inside a tier and bars between tiers."
  }
}

variable "sidecar_container" {
  description = "Container name by which a task is known to carry the sidecar. Such a task never holds a drain."
  type        = string
  default     = "ecs-daemon-protector"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,255}$", var.sidecar_container))
    error_message = "A container name."
  }
}
