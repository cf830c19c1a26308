//! The checks: what each reads, why it matters, and how it is corrected. `docs/checks.md` has the same, held by a test.

/// A group of checks about one matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// The caller.
    Account,
    /// The coordinator's function.
    Coordinator,
    /// How events reach it.
    Events,
    /// The hooks of each Auto Scaling group.
    Hooks,
    /// The records of drains.
    Records,
    /// The DAEMON services.
    Daemons,
    /// What each cluster runs.
    Cluster,
    /// The alarms of the stack.
    Alarms,
}

impl Category {
    /// All of them, in their order.
    pub const ALL: [Category; 8] = [
        Category::Account,
        Category::Coordinator,
        Category::Events,
        Category::Hooks,
        Category::Records,
        Category::Daemons,
        Category::Cluster,
        Category::Alarms,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Category::Account => "account",
            Category::Coordinator => "coordinator",
            Category::Events => "events",
            Category::Hooks => "hooks",
            Category::Records => "records",
            Category::Daemons => "daemons",
            Category::Cluster => "cluster",
            Category::Alarms => "alarms",
        }
    }
}

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Its id.
    pub id: CheckId,
    /// The id as it is written, and its anchor in `docs/checks.md`.
    pub code: &'static str,
    /// Its category.
    pub category: Category,
    /// Whether a failure ends its category.
    pub is_fatal: bool,
    /// Whether it is for `--deep` only.
    pub is_deep: bool,
    /// What is so where all is well.
    pub title: &'static str,
    /// What is read.
    pub reads: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How it is corrected.
    pub how: &'static str,
}

/// Declares the ids and their table, so that neither can be without the other.
macro_rules! checks {
    ($($id:ident $code:literal $category:ident $kind:ident {
        $title:literal, $reads:literal, $why:literal, $how:literal
    })*) => {
        /// The id of a check. Ids are part of the public interface: one that is no longer used is not given to another
        /// check.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "the table has a title for each")]
        pub enum CheckId { $($id),* }

        /// All checks, in the order in which they run.
        pub const CHECKS: &[Check] = &[$(Check {
            id: CheckId::$id,
            code: $code,
            category: Category::$category,
            is_fatal: kind!(fatal $kind),
            is_deep: kind!(deep $kind),
            title: $title,
            reads: $reads,
            why: $why,
            how: $how,
        }),*];

        impl CheckId {
            /// The check of this id.
            #[must_use]
            pub fn check(self) -> &'static Check {
                match self { $(CheckId::$id => const { &CHECKS[CheckId::$id as usize] }),* }
            }
        }
    };
}

macro_rules! kind {
    (fatal fatal) => {
        true
    };
    (deep deep) => {
        true
    };
    ($question:ident $kind:ident) => {
        false
    };
}

checks! {
    Credentials "credentials" Account fatal {
        "There are credentials, and they are valid.",
        "`sts:GetCallerIdentity`.",
        "Without them nothing else can be read.",
        "Sign in with `aws sso login`, `aws login` or `aws configure mfa-login`, or name a profile with `--profile`."
    }
    Region "region" Account fatal {
        "A region is set.",
        "`--region`, `AWS_REGION`, the profile, or the machine's metadata.",
        "The coordinator and its records are in one region. In another one all looks as if nothing were deployed.",
        "Give `--region`, or set the profile's region."
    }
    Permissions "permissions" Account plain {
        "Every read was allowed.",
        "The outcome of each read of this run.",
        "What may not be read is not known, and a fault behind it stays hidden.",
        "Attach the policy of the stack output `ReaderPolicyArn` to the role or user."
    }
    Clock "clock" Account plain {
        "The clock of this machine is within 5 s of that of AWS.",
        "The `Date` header of the first answer.",
        "Times are corrected by the difference, but requests are refused from five minutes on.",
        "Turn time synchronization on."
    }
    Beacon "beacon" Coordinator fatal {
        "The coordinator has written its beacon.",
        "The parameter `<prefix>/coordinator`, by `ssm:GetParametersByPath` or `ssm:GetParameter`.",
        "Its tick writes it. Without it the coordinator is not deployed here, has another prefix, runs as a dry run, or has never run.",
        "Check `--region` and `--prefix`; for a dry run name the function with `--function`; else deploy the stack ([install.md](install.md))."
    }
    Tick "tick" Coordinator plain {
        "The last tick was less than three minutes ago.",
        "`tickAt` of the beacon.",
        "A coordinator that does not run begins no hold and releases nothing. Sidecars leave two and a half minutes after the deadline of their record.",
        "Enable the tick's rule and the event source mapping, and give the function concurrency ([operations.md](operations.md))."
    }
    Mode "mode" Coordinator plain {
        "The kill switch is `on`.",
        "The parameter `<prefix>/control`.",
        "`observe` begins no hold, and `release-all` releases every daemon. A text that cannot be read has no effect, whatever it was meant to say.",
        "`protectorctl mode on`."
    }
    DryRun "dry-run" Coordinator plain {
        "The coordinator acts.",
        "`PROTECTOR_DRY_RUN` of the function, by `lambda:GetFunctionConfiguration`.",
        "A dry run only logs what it would do. It holds no daemon, sends no heartbeat and writes no beacon.",
        "Deploy the stack with `DryRun=false`."
    }
    Errors "errors" Coordinator plain {
        "The last hour has neither errors nor throttles.",
        "The metrics `Errors` and `Throttles` of Lambda, and `Errors` of the coordinator by kind, by `cloudwatch:GetMetricData`.",
        "`denied` means that the role lacks a permission: drains hold until that is corrected. The other kinds mostly pass.",
        "See the kinds in [operations.md](operations.md#metrics)."
    }
    DeadLetters "dead-letters" Coordinator plain {
        "No event is left that was not processed.",
        "`ApproximateNumberOfMessages` of the two queues, by `sqs:GetQueueAttributes`, and the age of the oldest, by `cloudwatch:GetMetricData`.",
        "The tick finds what these events were about, within a minute. That they are here means that something fails again and again.",
        "Read them, correct the cause, then purge the queue."
    }
    Concurrency "concurrency" Coordinator plain {
        "The function may run.",
        "`lambda:GetFunctionConcurrency`.",
        "With a reserved concurrency of 0 it never runs. With 1, an operator's command waits for the run of the events, which matters when more than 50 instances drain.",
        "Remove the reservation, or reserve at least 2."
    }
    VersionSkew "version-skew" Coordinator plain {
        "No sidecar is newer than the coordinator.",
        "The version in the beacon, and the tags of the sidecars' images in running tasks, by `ecs:DescribeTasks`. An image without a version in its tag is not compared.",
        "A sidecar understands the records of older coordinators of its own minor version. The documented order of an update is coordinator first.",
        "Update the coordinator, or go back with the sidecar."
    }
    EventSource "event-source" Events plain {
        "The function takes events from its queue.",
        "`lambda:ListEventSourceMappings`.",
        "With the mapping disabled no event and no tick arrives. Commands of an operator still do.",
        "Enable the mapping."
    }
    Rules "rules" Events plain {
        "The five rules are enabled and send to the function's queue.",
        "`events:ListRuleNamesByTarget` for the queue and `events:DescribeRule`.",
        "A rule that is missing or disabled makes the coordinator late by up to a minute: the tick finds the rest. Without the tick nothing makes up for it. Without the rule for Spot notices, these are lost.",
        "Enable the rule, or deploy the stack."
    }
    ClusterInRules "cluster-in-rules" Events plain {
        "The patterns of the rules, and the coordinator, cover each cluster that was asked for.",
        "`clusterArn` in the patterns (`events:DescribeRule`), and `clusters` of the beacon.",
        "Drains of a cluster that is not covered hold no daemon.",
        "Add the cluster to the parameter `Clusters` of the stack."
    }
    HookPresent "hook-present" Hooks plain {
        "The group has a terminate hook of ours, or ECS drains its instances.",
        "`autoscaling:DescribeLifecycleHooks`, `ecs:DescribeCapacityProviders`.",
        "Without a hook a scale-in ends the instance at once, and its tasks with it. Managed draining has a hook of its own: then the coordinator joins a drain that ECS begins.",
        "Add the hook ([install.md](install.md))."
    }
    HookServed "hook-served" Hooks plain {
        "The coordinator serves the hook.",
        "`hooks` and `groups` of the beacon, and the names of the group and its hook.",
        "A hook that is not served waits for its full time-out with the instance not even DRAINING.",
        "Add its name to `LifecycleHooks`, or the group's to `AutoScalingGroups`."
    }
    HookResult "hook-result" Hooks plain {
        "Each terminate hook has the default result CONTINUE.",
        "`autoscaling:DescribeLifecycleHooks`.",
        "ABANDON cuts short every other hook of the instance as soon as one of them runs out: drains end too early.",
        "Set `--default-result CONTINUE`."
    }
    HookHeartbeat "hook-heartbeat" Hooks plain {
        "`HeartbeatTimeout` of our hook is at least 120 s.",
        "`autoscaling:DescribeLifecycleHooks`.",
        "Heartbeats are sent once a minute. A hook of less than 120 s runs out if one of them is late, and one of less than 60 s runs out before the first.",
        "Set `--heartbeat-timeout 900`."
    }
    HookGlobal "hook-global" Hooks plain {
        "The hook's global limit leaves time for the longest drain.",
        "`HeartbeatTimeout`, and `MAX_DRAIN`, `DAEMON_STOP` and the tiers in the beacon.",
        "Auto Scaling ends the wait after 100 times the timeout, and after 48 h, whatever comes. The coordinator then ends the drain before that, and `MAX_DRAIN` is never reached.",
        "Raise `HeartbeatTimeout`, or lower `MAX_DRAIN`."
    }
    ManagedDraining "managed-draining" Hooks plain {
        "ECS does not drain the group beside us.",
        "`managedDraining` of the capacity provider, by `ecs:DescribeCapacityProviders`, and the hook of its name.",
        "Both work side by side, but the instance waits for both: ECS may keep its own hook for up to 48 h, also after our release.",
        "Leave it if that bound is fine; else turn managed draining off ([policies.md](policies.md))."
    }
    WarmPool "warm-pool" Hooks plain {
        "The group has no warm pool.",
        "`autoscaling:DescribeAutoScalingGroups`.",
        "An instance that returns to the pool keeps its id and stays DRAINING when it comes back. Something must set it ACTIVE.",
        "Nothing, if something sets it ACTIVE."
    }
    InstanceProtection "instance-protection" Hooks plain {
        "New instances are not protected from scale-in.",
        "`autoscaling:DescribeAutoScalingGroups`.",
        "A protected instance is not chosen for a scale-in. Managed termination protection of ECS needs it; without that, instances stay for no reason of ours.",
        "Nothing, if a capacity provider with managed termination protection wants it."
    }
    Orphans "orphans" Records plain {
        "Each record that holds has its instance.",
        "The records, and `ecs:ListContainerInstances`.",
        "The tick deletes the record of an instance that is gone, after ten minutes. One that stays means that the tick does not work.",
        "Wait ten minutes; then see [tick](#tick)."
    }
    Late "late" Records plain {
        "No drain is late.",
        "What `protectorctl status` reads.",
        "A drain that holds past its deadline means that the coordinator does not act on it.",
        "`protectorctl explain INSTANCE`."
    }
    QuotaReads "quota-reads" Records plain {
        "The sidecars of all instances together stay within their share of the SSM quota.",
        "The number of tasks with a sidecar, against 20 reads a second for all of them; the account has 40. With `PARAMETER_THROUGHPUT` of `higher`, against 200.",
        "When all instances drain at once, each sidecar reads less often, and learns of its release later. Beyond 1,200 sidecars they exceed their share.",
        "Nothing, or turn on the higher throughput of Parameter Store, and set `PARAMETER_THROUGHPUT` to `higher`."
    }
    SidecarPresent "sidecar-present" Daemons plain {
        "Each DAEMON service has the sidecar.",
        "The definitions of DAEMON services, by `ecs:ListServices`, `ecs:DescribeServices` and `ecs:DescribeTaskDefinition`.",
        "A daemon without the sidecar is stopped as plain ECS does it.",
        "`protectorctl inject`, if the daemon is to outlive the tasks that it serves."
    }
    Definition "definition" Daemons plain {
        "`protectorctl lint` finds nothing in the definition.",
        "The definition as it is registered, by `ecs:DescribeTaskDefinition`, with the settings of the beacon.",
        "See the rule.",
        "`protectorctl inject --diff`."
    }
    OldRevision "old-revision" Daemons plain {
        "All tasks run the service's revision.",
        "`ecs:ListTasks` and `ecs:DescribeTasks`.",
        "A task of an older revision may have no sidecar yet, or another setting.",
        "Wait for the deployment, or force a new one."
    }
    SidecarHealth "sidecar-health" Daemons plain {
        "The sidecar of each running task is HEALTHY.",
        "Status, health and exit code of the sidecar's container, by `ecs:DescribeTasks`.",
        "A sidecar that has stopped or never started holds nothing, although daemon and service look well. One that is UNHEALTHY cannot read its record and would hold blindly up to `PROTECTOR_MAX_HOLD`.",
        "Read its `self-check-failed` or last line, correct the cause, then replace the task."
    }
    SidecarRestarts "sidecar-restarts" Daemons plain {
        "No sidecar was killed or gave up within 24 h.",
        "The metrics `SidecarsKilled` and `SidecarsGaveUp`, by `cloudwatch:GetMetricData`.",
        "A sidecar that ends before its release ends the protection. ECS keeps stopped tasks for about an hour only.",
        "See the two metrics in [operations.md](operations.md#metrics)."
    }
    Prefix "prefix" Daemons plain {
        "The sidecar reads below the coordinator's prefix.",
        "`PROTECTOR_PARAMETER_PREFIX` of the sidecar, and the prefix of the beacon.",
        "With another prefix it reads parameters that are never written, and holds blindly.",
        "Set `PROTECTOR_PARAMETER_PREFIX` in the definition."
    }
    MaxHold "max-hold" Daemons plain {
        "`PROTECTOR_MAX_HOLD` of the sidecar is longer than the longest drain.",
        "`PROTECTOR_MAX_HOLD`, and `MAX_DRAIN`, `DAEMON_STOP` and the tiers in the beacon.",
        "The sidecar leaves at `MAX_HOLD`, whatever its record says.",
        "`protectorctl inject --max-hold 65m`, with a longer one for a longer drain; it raises `stopTimeout` above it."
    }
    Policy "policy" Daemons deep {
        "The task role may read its records and the kill switch, and nothing else.",
        "What the role may do with the record of an instance, the shared records, the kill switch and two other parameters, by `iam:SimulatePrincipalPolicy`. It is a simulation: the policy of a VPC endpoint, for example, does not count.",
        "Without a permission the sidecar cannot read, and holds blindly up to `PROTECTOR_MAX_HOLD`; [sidecar-health](#sidecar-health) shows the same by its effect. A role that may write records can release every daemon of the cluster.",
        "Attach the policy of the stack output `SidecarPolicyArn`, and detach what goes beyond it unless the daemon needs it."
    }
    HopLimit "hop-limit" Daemons deep {
        "The metadata service of the hosts answers the sidecars.",
        "`networkMode` of the definition, and `metadataOptions` of the instances on which the daemon runs, by `ec2:DescribeInstances`.",
        "From the metadata service the sidecar learns its instance and whether that terminates. In bridge mode the answer goes over two hops, so the hop limit must be at least 2; in host mode 1 is enough. [sidecar-health](#sidecar-health) shows the same by its effect.",
        "`aws ec2 modify-instance-metadata-options --instance-id INSTANCE --http-endpoint enabled --http-put-response-hop-limit 2`, and the same in the launch template."
    }
    Kinds "kinds" Cluster plain {
        "The cluster has EC2 capacity of its own.",
        "`ecs:ListContainerInstances`, `ecs:DescribeCapacityProviders`.",
        "On Fargate and on ECS Managed Instances the protector is not needed: see the [README](../README.md#do-i-need-it).",
        "Leave the cluster out of `Clusters`."
    }
    Needed "needed" Cluster plain {
        "There is a reason to have the protector.",
        "Standalone tasks among a hundred tasks, managed draining of the capacity providers, tiers in the beacon.",
        "Where ECS drains the instances and all tasks are replicas, its documented order may be enough.",
        "Nothing: the protector does no harm there."
    }
    ServicesDrainable "services-drainable" Cluster plain {
        "Each service can move its tasks.",
        "Every service's `deploymentConfiguration` and desired count, by `ecs:ListServices` and `ecs:DescribeServices`.",
        "Where `minimumHealthyPercent` allows no stop and `maximumPercent` no start, a drain waits until its deadline, each time.",
        "Lower `minimumHealthyPercent`, or raise `maximumPercent`."
    }
    StopTimes "stop-times" Cluster plain {
        "Tasks stop within `MAX_DRAIN`, and daemons within `DAEMON_STOP`.",
        "`stopTimeout` and the deregistration delay of the first hundred services, by `ecs:DescribeTaskDefinition` and `elasticloadbalancing:DescribeTargetGroupAttributes`; `stopTimeout` of daemons.",
        "A task that takes longer is cut off from its daemons at the deadline. A daemon that takes longer is killed with the instance.",
        "Raise `MAX_DRAIN` or `DAEMON_STOP`, or lower `stopTimeout`."
    }
    Spot "spot" Cluster plain {
        "Tasks on Spot capacity stop within a minute.",
        "The groups' instances distribution, and `stopTimeout` of the first hundred services.",
        "EC2 takes a Spot instance two minutes after its notice, and the daemons need a part of them.",
        "Lower `stopTimeout`, or keep these services off Spot capacity."
    }
    Agents "agents" Cluster plain {
        "Each ECS agent is 1.86.0 or later.",
        "`versionInfo` and the attribute `ecs.capability.container-restart-policy`, by `ecs:DescribeContainerInstances`.",
        "An older agent does not know `restartPolicy`: ECS places no task with the sidecar on its instance.",
        "Update the agent, or the AMI."
    }
    Alarms "alarms" Alarms plain {
        "The stack's alarms are quiet, and notify a person.",
        "`cloudwatch:DescribeAlarms`; those on the coordinator's metrics, function and queues.",
        "An alarm that rings in the console only is seen only by a person who looks there.",
        "See the alarm in [operations.md](operations.md#alarms); set `AlarmEmail` or `AlarmTopicArn`."
    }
}
