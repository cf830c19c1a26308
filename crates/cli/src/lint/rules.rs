//! The rules: their ids, how serious each is, and why there is such a rule.

use std::fmt;
use std::str::FromStr;

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// Worth knowing; nothing to correct here.
    Note,
    /// Protection works, but not in every case.
    Warning,
    /// The daemon is not protected, or the definition cannot be registered.
    Error,
}

impl Severity {
    /// Its name, as reports and SARIF have it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// Who can correct a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Correction {
    /// `protectorctl inject`.
    Inject,
    /// A person: the right value is not known here.
    ByHand,
}

impl Correction {
    /// Its name, as the documentation has it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Correction::Inject => "protectorctl inject",
            Correction::ByHand => "by hand",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: RuleId,
    /// The id as it is written.
    pub(crate) code: &'static str,
    /// A name for machines, as SARIF wants one.
    pub(crate) name: &'static str,
    /// How serious a finding is, if it does not say otherwise itself.
    pub(crate) severity: Severity,
    /// What is so in a good definition.
    pub(crate) title: &'static str,
    /// The consequence if the rule is broken.
    pub(crate) why: &'static str,
    /// Who corrects a finding of the rule.
    pub(crate) correction: Correction,
    /// The instructions for the correction.
    pub(crate) how: &'static str,
}

impl RuleId {
    /// The id as it is written.
    #[must_use]
    pub(crate) fn code(self) -> &'static str {
        self.rule().code
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for RuleId {
    type Err = String;

    fn from_str(text: &str) -> Result<RuleId, String> {
        let found = RULES
            .iter()
            .find(|rule| rule.code.eq_ignore_ascii_case(text) || rule.name == text);
        let code = |rule: Option<&Rule>| rule.map_or("", |rule| rule.code);
        let (first, last) = (code(RULES.first()), code(RULES.last()));
        found
            .map(|rule| rule.id)
            .ok_or_else(|| format!("no such rule; there are {first} to {last}"))
    }
}

/// Declares the ids and their table, so that neither can be without the other.
macro_rules! rules {
    ($($id:ident $code:literal $name:literal $severity:ident $correction:ident {
        $title:literal, $why:literal, $how:literal
    })*) => {
        /// The id of a rule. Ids are part of the public interface: one that is no longer used is not given to another
        /// rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum RuleId { $($id),* }

        /// All rules, in the order of their ids.
        pub(crate) const RULES: &[Rule] = &[$(Rule {
            id: RuleId::$id,
            code: $code,
            name: $name,
            severity: Severity::$severity,
            title: $title,
            why: $why,
            correction: Correction::$correction,
            how: $how,
        }),*];

        impl RuleId {
            #[must_use]
            pub(crate) fn rule(self) -> &'static Rule {
                match self { $(RuleId::$id => const { &RULES[RuleId::$id as usize] }),* }
            }
        }
    };
}

rules! {
    SidecarPresent "PL001" "sidecar-present" Error Inject {
        "A container is the sidecar: `ecs-daemon-protector`, or what `--container` says.",
        "Without it nothing holds the daemon while the instance drains.",
        "`protectorctl inject --image REF` adds it. For tasks that need none: `--allow-none`."
    }
    DependsOnEach "PL002" "depends-on-each" Error Inject {
        "The sidecar depends on every container that it protects, with a condition that lets it start.",
        "The agent stops a container once every container that lists it in `dependsOn` has stopped. The order is not \
         transitive: a container that is not listed gets SIGTERM together with the sidecar. `links` and `volumesFrom` count as \
         dependencies. With `COMPLETE` or `SUCCESS` the sidecar starts when there is nothing left to protect; `HEALTHY` needs \
         a health check of the other container.",
        "`\"dependsOn\": [{ \"containerName\": NAME, \"condition\": \"START\" }]` on the sidecar, for each."
    }
    NoneDependsOnSidecar "PL003" "none-depends-on-sidecar" Error Inject {
        "No other container depends on the sidecar, neither by `dependsOn` nor by `links` or `volumesFrom`.",
        "It would turn the stop order round: the daemon would have to stop before the sidecar.",
        "Take the entry out."
    }
    StopTimeout "PL004" "stop-timeout" Error Inject {
        "The sidecar's `stopTimeout` is above `PROTECTOR_MAX_HOLD`.",
        "The agent kills the sidecar at `stopTimeout`, whatever the record says, and then stops the daemon. Without a value it \
         is 30 s. On EC2 there is no maximum.",
        "`MAX_HOLD` and five minutes, in seconds."
    }
    MaxHold "PL005" "max-hold" Error Inject {
        "`PROTECTOR_MAX_HOLD` has room for the longest drain, and for each tier `DAEMON_STOP` and a late tick (90 s).",
        "Otherwise the sidecar leaves with code 10 while tasks still run, or before the turn of its tier. It is a warning as \
         long as the coordinator's `MAX_DRAIN` is guessed, and an error once `--max-drain` says what it is.",
        "A longer `PROTECTOR_MAX_HOLD` (2 h by default, 48 h at most), or a shorter `MAX_DRAIN`."
    }
    NotEssential "PL006" "not-essential" Error Inject {
        "The sidecar is not essential.",
        "`essential` is true by default, and then a crash of the sidecar ends the daemon's task.",
        "`\"essential\": false`."
    }
    RestartPolicy "PL007" "restart-policy" Error Inject {
        "The sidecar has a `restartPolicy` that is enabled.",
        "Otherwise a crash of the sidecar ends the protection of its task for good, and in silence.",
        "`\"restartPolicy\": { \"enabled\": true, \"restartAttemptPeriod\": 60 }`. It needs ECS agent 1.86.0 or later."
    }
    DaemonEssential "PL008" "daemon-essential" Error ByHand {
        "At least one protected container is essential.",
        "Otherwise the task lives on with the sidecar alone after its daemon has ended, and ECS does not replace it.",
        "`\"essential\": true` on the daemon's container."
    }
    Ec2 "PL009" "ec2" Error ByHand {
        "The definition is compatible with EC2. Without `requiresCompatibilities` it is.",
        "There is no DAEMON service on Fargate, and the coordinator drains EC2 instances only.",
        "`\"requiresCompatibilities\": [\"EC2\"]`. `EXTERNAL` beside `EC2` is fine."
    }
    InstanceKnown "PL010" "instance-known" Error ByHand {
        "`networkMode` is host or bridge, or the sidecar is given `PROTECTOR_INSTANCE_ID`.",
        "With awsvpc the sidecar cannot reach the instance metadata service, so it does not find out which instance it runs on; \
         with none it cannot reach Parameter Store either.",
        "Host or bridge. Without `networkMode` it is bridge on Linux."
    }
    Settings "PL011" "settings" Error ByHand {
        "Each `PROTECTOR_` variable is a setting of the sidecar and has a good value.",
        "The sidecar reads its settings at start. With a wrong one it ends with code 64, and the daemon has no protection.",
        "The message says what is expected. The same code reads the settings here and in the sidecar."
    }
    ProtectsNames "PL012" "protects-names" Error ByHand {
        "`PROTECTOR_PROTECTS` names containers of this task.",
        "A name that is misspelt protects nothing.",
        "The names of the other containers, comma-separated; empty means all of them."
    }
    Names "PL013" "names" Error ByHand {
        "Container names are unique, dependencies name containers of this task, and there is no circle of dependencies.",
        "ECS refuses the definition, or a dependency is ambiguous.",
        "Rename a container, or take a dependency out."
    }
    TaskRole "PL014" "task-role" Error ByHand {
        "The task has a role, `taskRoleArn`.",
        "The sidecar reads its record with the credentials of the task role. Without one its self-check fails, and on SIGTERM it \
         holds blindly up to `PROTECTOR_MAX_HOLD`.",
        "A role with the policy of the stack output `SidecarPolicyArn`."
    }
    HealthCheck "PL015" "health-check" Error Inject {
        "The sidecar's health check is `[\"CMD\", \"/ecs-daemon-protector\", \"check\"]`.",
        "It shows whether the self-check has passed. The image has no shell, so `CMD-SHELL` fails always, and ECS ignores a \
         health check in an image.",
        "That command, each 60 s, with a timeout of 5 s and 3 retries."
    }
    Enabled "PL016" "enabled" Error ByHand {
        "`PROTECTOR_DISABLED` is not true.",
        "With it the sidecar leaves at once on SIGTERM, and nothing holds the daemon.",
        "Take the variable out, or `false`."
    }
    Types "PL017" "types" Error ByHand {
        "Each member has the type that `RegisterTaskDefinition` takes, stands once, and is there if it must be.",
        "ECS or the AWS CLI refuses the definition. While a type is wrong no other rule is checked in that file.",
        "The message names the type. Null counts as a member that is not there."
    }
    Members "PL018" "members" Error ByHand {
        "Each member is one that `RegisterTaskDefinition` knows, or that describing a definition adds.",
        "A misspelt member has no effect in Terraform, and the AWS CLI refuses it.",
        "Correct the name. If ECS has learnt it since this version: `--ignore PL018`."
    }
    Linux "PL019" "linux" Error ByHand {
        "The task runs on Linux.",
        "The sidecar's image is for Linux, and a Windows instance runs Windows containers only.",
        "Leave `operatingSystemFamily` out, or `LINUX`. Daemons on Windows cannot be protected."
    }
    FlushTime "PL020" "flush-time" Warning ByHand {
        "The `stopTimeout` of each other container is within the coordinator's `DAEMON_STOP`.",
        "After the release the coordinator waits that long, then it lets the instance go: the daemon would be cut off while it \
         flushes. Without a value `stopTimeout` is 30 s.",
        "A shorter `stopTimeout`, or a longer `DAEMON_STOP` (say it with `--daemon-stop`)."
    }
    LogDriver "PL021" "log-driver" Warning ByHand {
        "The sidecar's log driver does not send to the daemon that it protects.",
        "With fluentd, syslog, gelf or awsfirelens the last lines of the sidecar may need the daemon that is being stopped.",
        "For example `awslogs`."
    }
    Image "PL022" "image" Warning ByHand {
        "The sidecar's image is named by a digest or a tag other than `latest`, and is not of another major version.",
        "`latest` changes under a running fleet. Versions below 1.0 count by their second number.",
        "`protectorctl inject --image REF` sets it."
    }
    Memory "PL023" "memory" Warning Inject {
        "The sidecar's hard limit `memory` is 16 to 32 MiB.",
        "It needs 5 MB at most. A lower limit may end it with code 137; a higher one is taken from the instance's memory.",
        "`\"memory\": 32`."
    }
    Privileges "PL024" "privileges" Warning Inject {
        "The sidecar runs as a user other than root, with a read-only root file system, without capabilities, without new \
         privileges.",
        "It needs nothing but the network.",
        "`user` 65532:65532, `readonlyRootFilesystem`, `capabilities.drop` ALL, `dockerSecurityOptions` no-new-privileges."
    }
    HopLimit "PL025" "hop-limit" Note ByHand {
        "In bridge mode the instances need a metadata hop limit of 2.",
        "A container on the bridge is one hop away. With a limit of 1 the sidecar does not find out its instance. The \
         definition does not show the limit, so this is a reminder.",
        "`--http-put-response-hop-limit 2` of `modify-instance-metadata-options`, and the same in the launch template."
    }
    RestartPeriod "PL026" "restart-period" Warning Inject {
        "`restartPolicy.restartAttemptPeriod` is 60, the least that ECS takes.",
        "A sidecar that ends sooner than this after its start is not restarted, ever. Without a value ECS takes 300 s.",
        "`\"restartAttemptPeriod\": 60`."
    }
    NeedsNothing "PL027" "needs-nothing" Warning Inject {
        "The sidecar has no port, no mount, and no secret that is not a setting.",
        "It needs none, and each is one more thing that can keep the task from being placed or started.",
        "Take the entries out."
    }
    DependsOnStart "PL028" "depends-on-start" Warning Inject {
        "The condition of the sidecar's dependencies is `START`.",
        "`HEALTHY` gives the same stop order, but the sidecar starts only once the daemon is healthy: until then, and as long as \
         the daemon never becomes healthy, nothing holds it.",
        "`\"condition\": \"START\"`."
    }
    UnknownGrace "PL030" "unknown-grace" Note ByHand {
        "`PROTECTOR_UNKNOWN_GRACE` is not above 30 s.",
        "Every deployment of the daemon waits that long on every instance, because no record says that it is not a drain.",
        "30 s, the default, unless events of your account come later than that."
    }
    Prefix "PL031" "parameter-prefix" Error ByHand {
        "`PROTECTOR_PARAMETER_PREFIX` is the coordinator's. Checked only with `--prefix`.",
        "The sidecar would read where the coordinator does not write, and hold no longer than its grace.",
        "The same prefix as the coordinator's `ParameterPrefix`."
    }
    AsyncLogs "PL032" "async-logs" Warning ByHand {
        "No container with the log driver `fluentd` has `fluentd-async` (before Docker 20.10 `fluentd-async-connect`) set to true.",
        "The driver then keeps lines in a queue of its own, and discards them when the container ends. Neither a hold nor \
         `LINGER` can prevent that. It is checked with and without a sidecar, because the loss is the application's.",
        "Leave the option out: the driver then waits for the router, and so may the application."
    }
    RouterGrace "PL033" "router-grace" Warning ByHand {
        "The `stopTimeout` of a container with Fluent Bit is above 5 s, the default of Fluent Bit's `Grace`.",
        "After SIGTERM Fluent Bit flushes for as long as its `Grace`. With a `stopTimeout` that is not longer, the agent kills \
         it while it flushes. The file with `Flush` and `Grace` is not visible to lint: it takes `Grace` as 5 s, and cannot \
         see whether yours is above `Flush` and below `stopTimeout`.",
        "A `stopTimeout` above `Grace`, for example 60. Without a value it is 30 s."
    }
}
