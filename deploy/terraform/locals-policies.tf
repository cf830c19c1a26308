# What the coordinator, its heartbeats and the sidecars may do. Each call that the programs can make, on what they serve, and no other.

locals {
  changes     = !var.dry_run # a dry run may only look
  stops_tasks = local.changes && (var.standalone_tasks == "stop" || var.stop_tasks_after != "")

  ecs_arn        = "arn:${local.partition}:ecs:${local.region}:${local.account}"
  scaling_arn    = "arn:${local.partition}:autoscaling:${local.region}:${local.account}"
  group_arn      = "${local.scaling_arn}:autoScalingGroup:*:autoScalingGroupName"
  parameters_arn = "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${var.parameter_prefix}"

  served_clusters = length(var.clusters) == 0 ? ["${local.ecs_arn}:cluster/*"] : local.cluster_arns
  served_groups = length(local.groups) == 0 ? ["${local.group_arn}/*"] : [
    for name in local.groups : "${local.group_arn}/${name}"
  ]

  container_statements = concat(
    length(var.clusters) > 0 ? [] : [{
      Sid      = "FindClusters" # only if they are not named
      Effect   = "Allow"
      Action   = ["ecs:ListClusters"]
      Resource = ["*"] # the action knows no resources
    }],
    length(var.clusters) > 0 ? [] : [{
      Sid      = "LeaveOutEmptyClusters"
      Effect   = "Allow"
      Action   = ["ecs:DescribeClusters"]
      Resource = ["${local.ecs_arn}:cluster/*"]
    }],
    [{
      Sid      = "FindInstances"
      Effect   = "Allow"
      Action   = ["ecs:ListContainerInstances"] # knows clusters as resources, but not the key ecs:cluster
      Resource = local.served_clusters
    }],
    [{
      Sid      = "TellManagedInstances" # ECS drains those by itself; knows capacity providers, but not the key ecs:cluster
      Effect   = "Allow"
      Action   = ["ecs:DescribeCapacityProviders"]
      Resource = ["${local.ecs_arn}:capacity-provider/*"]
    }],
    [{
      Sid       = "FindDaemonServices"
      Effect    = "Allow"
      Action    = ["ecs:ListServices"]
      Resource  = ["*"] # the action knows no resources, but the key ecs:cluster
      Condition = { ArnLike = { "ecs:cluster" = local.served_clusters } }
    }],
    [local.observe_and_drain],
  )

  observe_and_drain = {
    Sid    = "ObserveAndDrain"
    Effect = "Allow"
    Action = concat(
      [
        "ecs:DescribeContainerInstances",
        "ecs:DescribeServices",
        "ecs:DescribeTasks",
        "ecs:GetTaskProtection",
        "ecs:ListTasks",
      ],
      local.stops_tasks ? ["ecs:StopTask"] : [],
      local.changes ? ["ecs:UpdateContainerInstancesState"] : [],
    )
    Resource  = ["${local.ecs_arn}:container-instance/*", "${local.ecs_arn}:service/*", "${local.ecs_arn}:task/*"]
    Condition = { ArnLike = { "ecs:cluster" = local.served_clusters } }
  }

  hook_statements = concat(
    [{
      Sid    = "ReadGroups"
      Effect = "Allow"
      Action = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLifecycleHooks",
        "autoscaling:DescribeScalingActivities",
      ]
      Resource = ["*"] # the actions know no resources
    }],
    local.changes ? [{
      Sid      = "ServeHooks"
      Effect   = "Allow"
      Action   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
      Resource = local.served_groups
    }] : [],
  )

  # Who waits, for how long, and whether an operator has switched us off.
  heartbeat_statements = concat(
    [
      {
        Sid      = "ReadGroups"
        Effect   = "Allow"
        Action   = ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeLifecycleHooks"]
        Resource = ["*"] # the actions know no resources
      },
      {
        Sid      = "ReadKillSwitch"
        Effect   = "Allow"
        Action   = ["ssm:GetParameter"]
        Resource = ["${local.parameters_arn}/control"]
      },
      local.log_statement,
    ],
    local.changes ? [{
      Sid      = "KeepHooks"
      Effect   = "Allow"
      Action   = ["autoscaling:RecordLifecycleActionHeartbeat"]
      Resource = local.served_groups
      }, {
      Sid      = "SayWhenHeartbeatsWentOut"
      Effect   = "Allow"
      Action   = ["ssm:PutParameter"]
      Resource = ["${local.parameters_arn}/heartbeats"]
    }] : [],
  )

  record_statements = [
    {
      Sid    = "KeepRecords"
      Effect = "Allow"
      Action = concat(
        ["ssm:GetParameter", "ssm:GetParameters"],
        local.changes ? ["ssm:DeleteParameters", "ssm:PutParameter"] : [],
      )
      Resource = ["${local.parameters_arn}/*"]
    },
    {
      Sid      = "ListRecords"
      Effect   = "Allow"
      Action   = ["ssm:GetParametersByPath"] # is authorised on the path itself
      Resource = [local.parameters_arn]
    },
  ]

  log_statement = {
    Sid      = "Log"
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    Resource = ["${local.log_group_arn}:*"]
  }

  function_statements = [
    local.log_statement,
    {
      Sid      = "TakeEvents"
      Effect   = "Allow"
      Action   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      Resource = [local.events_arn]
    },
    {
      Sid      = "KeepFailedEvents"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = [local.dead_letters_arn]
    },
  ]

  coordinator_policies = {
    containers      = jsonencode({ Version = "2012-10-17", Statement = local.container_statements })
    lifecycle-hooks = jsonencode({ Version = "2012-10-17", Statement = local.hook_statements })
    records         = jsonencode({ Version = "2012-10-17", Statement = local.record_statements })
    function        = jsonencode({ Version = "2012-10-17", Statement = local.function_statements })
  }

  heartbeats_policy = jsonencode({ Version = "2012-10-17", Statement = local.heartbeat_statements })

  # For the task roles of the protected daemons: the records of the named clusters, and the kill switch. A record's name
  # has two levels below the prefix, so the coordinator's beacon is not among them.
  sidecar_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "ReadRecord"
      Effect = "Allow"
      # Together as a rule; each by itself when the two together are denied. Older sidecars know GetParameter only.
      Action = ["ssm:GetParameter", "ssm:GetParameters"]
      Resource = concat(
        ["${local.parameters_arn}/control"],
        [for name in length(var.clusters) == 0 ? ["*"] : var.clusters : "${local.parameters_arn}/${name}/*"],
      )
    }]
  })

  # The placeholders of ../policies. A list is written between the quotes of its one item.
  policy_names = {
    Partition    = local.partition
    Region       = local.region
    Account      = local.account
    Prefix       = var.parameter_prefix
    Cluster      = join("\", \"", local.served_clusters)
    Function     = var.name
    LogGroup     = local.log_group
    DeadLetters  = local.dead_letters
    FailedEvents = local.failed_events
  }
}
