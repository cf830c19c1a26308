# What to watch. Names and meanings of all settings are those of the coordinator's environment
# (docs/configuration.md).

variable "name" {
  description = "Name of the function, and the beginning of the names of all that belongs to it."
  type        = string
  default     = "ecs-daemon-protector"

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,36}$", var.name))
    error_message = "Up to 36 letters, digits, hyphens and underscores."
  }
}

variable "clusters" {
  description = "Names of the ECS clusters to watch. Empty: every cluster of this account and region."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.clusters : can(regex("^[a-zA-Z0-9_-]{1,255}$", name))])
    error_message = "Cluster names, not ARNs."
  }
}

variable "auto_scaling_groups" {
  description = "Names of the Auto Scaling groups whose terminate hook the coordinator serves. Empty: every group."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.auto_scaling_groups : can(regex("^[^,*?]{1,255}$", name))])
    error_message = "Auto Scaling group names, not ARNs, without wildcards and commas."
  }
}

variable "lifecycle_hooks" {
  description = <<-EOT
    Names of the terminate hooks that are ours to heartbeat and complete. Empty: any but that of ECS managed draining.
  EOT
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.lifecycle_hooks : can(regex("^[A-Za-z0-9_/-]{1,255}$", name))])
    error_message = "Lifecycle hook names."
  }
}

variable "parameter_prefix" {
  description = "Path under which the drain records and the control parameter live in SSM Parameter Store."
  type        = string
  default     = "/ecs-daemon-protector"

  validation {
    condition = (
      length(var.parameter_prefix) <= 200
      && can(regex("^/[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+){0,12}$", var.parameter_prefix))
      && !can(regex("^/(aws|ssm)", lower(var.parameter_prefix)))
    )
    error_message = "An absolute path of at most 13 levels, no slash at its end, not below /aws or /ssm."
  }
}

variable "hook_auto_scaling_group" {
  description = <<-EOT
    Auto Scaling group that gets a terminate hook from this module; the coordinator serves it whatever
    auto_scaling_groups and lifecycle_hooks name. Empty: no hook is made.
  EOT
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[^,*?]{0,255}$", var.hook_auto_scaling_group))
    error_message = "The name of an Auto Scaling group, not an ARN, without wildcards and commas."
  }
}

variable "hook_name" {
  description = "Name of the terminate hook that this module makes."
  type        = string
  default     = "ecs-daemon-protector"

  validation {
    condition = (
      can(regex("^[A-Za-z0-9_/-]{1,255}$", var.hook_name))
      && var.hook_name != "ecs-managed-draining-termination-hook"
    )
    error_message = "The name of a lifecycle hook, not that of ECS managed draining."
  }
}

variable "hook_heartbeat_timeout" {
  description = <<-EOT
    Seconds that the hook waits after the coordinator's last sign of life. It also bounds a drain as a whole: Auto
    Scaling ends the wait after 100 times this, or 48 h. Under 120 s a tick once a minute is too slow.
  EOT
  type        = number
  default     = 900

  validation {
    condition     = var.hook_heartbeat_timeout >= 120 && var.hook_heartbeat_timeout <= 7200
    error_message = "From 120 to 7200."
  }
}
