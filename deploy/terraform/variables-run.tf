# How to run, and what to log and notify.

variable "package_file" {
  description = <<-EOT
    The coordinator's zip, as scripts/build-coordinator or a release makes it, for the processor of architecture.
  EOT
  type        = string
}

variable "architecture" {
  description = "Processor of the functions."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Either arm64 or x86_64."
  }
}

variable "dry_run" {
  description = "Look, plan and log, and change nothing. Then the role may not change anything either."
  type        = bool
  default     = false
}

variable "own_records_only" {
  description = "Each drain has a parameter of its own, however many there are. While sidecars run that read no shared records."
  type        = bool
  default     = false
}

variable "parameter_throughput" {
  description = <<-EOT
    Throughput of Parameter Store by which records are written and read. Higher only if the account has its setting for
    higher throughput on, which this module does not change.
  EOT
  type        = string
  default     = "standard"

  validation {
    condition     = contains(["standard", "higher"], var.parameter_throughput)
    error_message = "Either standard or higher."
  }
}

variable "log" {
  description = "Least level that is logged."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["error", "warn", "info", "debug"], var.log)
    error_message = "One of error, warn, info and debug."
  }
}

variable "log_retention_days" {
  description = "Days that the coordinator's log lines, drain receipts among them, are kept."
  type        = number
  default     = 30

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 3653],
      var.log_retention_days,
    )
    error_message = "A number of days that CloudWatch Logs knows, such as 7, 30 or 365."
  }
}

variable "use_fips_endpoint" {
  description = "Call the FIPS 140 endpoints of AWS. Only for regions that have them, such as those of GovCloud."
  type        = bool
  default     = false
}

variable "alarm_topic_arn" {
  description = "SNS topic that the alarms notify. Empty: that of alarm_email, or else they show in the console only."
  type        = string
  default     = ""

  validation {
    condition = (
      var.alarm_topic_arn == ""
      || can(regex("^arn:[a-z0-9-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$", var.alarm_topic_arn))
    )
    error_message = "The ARN of an SNS topic, or nothing."
  }
}

variable "alarm_email" {
  description = <<-EOT
    E-mail address for which a topic is made that the alarms notify; SNS asks it for consent first. Not used if
    alarm_topic_arn is given.
  EOT
  type        = string
  default     = ""

  validation {
    condition     = var.alarm_email == "" || can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.alarm_email))
    error_message = "An e-mail address, or nothing."
  }
}

variable "drain_stuck_seconds" {
  description = <<-EOT
    Seconds after which a drain that has not ended counts as stuck. Keep it above max_drain plus daemon_stop.
  EOT
  type        = number
  default     = 3900

  validation {
    condition     = var.drain_stuck_seconds >= 60 && var.drain_stuck_seconds <= 180000
    error_message = "From 60 to 180000."
  }
}

variable "hook_time_left_seconds" {
  description = <<-EOT
    An alarm tells when a hook that waits would run out within so many seconds. With less than the 60 s between two
    ticks it may come too late. Hooks with a heartbeat timeout under 300 s may come so near while all is well.
  EOT
  type        = number
  default     = 60

  validation {
    condition     = var.hook_time_left_seconds >= 30 && var.hook_time_left_seconds <= 3600
    error_message = "From 30 to 3600."
  }
}

variable "create_dashboard" {
  description = "Make a CloudWatch dashboard. An account has three for nothing."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of everything that the module makes."
  type        = map(string)
  default     = {}
}
