# What wakes the coordinator, and how long a message about it is worth delivering to its queue.

locals {
  cluster_arns = [for name in var.clusters : "${local.ecs_arn}:cluster/${name}"]

  # Unnamed clusters leave no trace in a pattern; unnamed groups and hooks must be there.
  in_clusters = { for key, arns in { clusterArn = local.cluster_arns } : key => arns if length(arns) > 0 }
  any         = jsonencode([{ exists = true }])

  rules = {
    # Best effort, and the only message that names the hook's token: worth retrying for as long as a hook waits.
    terminate = {
      description = "Terminate hooks that wait."
      pattern = {
        source      = ["aws.autoscaling"]
        detail-type = ["EC2 Instance-terminate Lifecycle Action"]
        detail = {
          AutoScalingGroupName = jsondecode(length(local.groups) == 0 ? local.any : jsonencode(local.groups))
          LifecycleHookName    = jsondecode(length(local.hooks) == 0 ? local.any : jsonencode(local.hooks))
        }
      }
      max_age      = 3600
      attempts     = 60
      dead_letters = true
    }

    # Only a task that is over can end a hold. Late ones are dropped: the tick has found the same by then.
    task-stopped = {
      description = "Tasks on container instances that are over."
      pattern = {
        source      = ["aws.ecs"]
        detail-type = ["ECS Task State Change"]
        detail = merge(local.in_clusters, {
          containerInstanceArn = [{ exists = true }]
          lastStatus           = ["STOPPED", "DELETED"]
        })
      }
      max_age      = 300
      attempts     = 5
      dead_letters = false
    }

    # ACTIVE is left out on purpose: ECS sends it for every task that starts or stops anywhere in the fleet.
    instance-draining = {
      description = "Container instances that drain."
      pattern = {
        source      = ["aws.ecs"]
        detail-type = ["ECS Container Instance State Change"]
        detail      = merge(local.in_clusters, { status = ["DRAINING", "DEREGISTERING", "INACTIVE"] })
      }
      max_age      = 300
      attempts     = 5
      dead_letters = false
    }

    # Two minutes' notice. It names nothing but the instance, so it cannot be limited to clusters or groups.
    spot-notice = {
      description = "Instances that EC2 takes back in two minutes."
      pattern = {
        source = ["aws.ec2"]
        detail-type = [
          "EC2 Spot Instance Interruption Warning",
          "EC2 Capacity Reservation Instance Interruption Warning",
        ]
      }
      max_age      = 120
      attempts     = 5
      dead_letters = true
    }
  }

  # Finds what events lost. A missed tick needs no retry: the next one does the same work.
  tick = {
    schedule = "rate(1 minute)"
    max_age  = 60
    attempts = 0
  }
}
