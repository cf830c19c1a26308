//! Help that teaches.

/// Above the options.
pub(super) const ABOUT: &str = "\
Checks task definitions that carry the sidecar: does the daemon really outlive the drain? It reads what people keep: what
register-task-definition takes, what describe-task-definition gives, a list of container definitions as Terraform has it;
comments and trailing commas are allowed. Nothing talks to AWS without --from-coordinator. A finding can be switched off for good by the Docker label
protectorctl.ignore of its container, with the ids of rules.";

/// Below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  All definitions of a repository, with what the coordinator is set to:
    protectorctl lint --max-drain 1h --daemon-stop 2m examples/*.json

  The same, as the coordinator of this account says:
    protectorctl lint --from-coordinator examples/*.json

  What is registered now:
    aws ecs describe-task-definition --task-definition fluent-bit-daemon | protectorctl lint -

  For code scanning, and the text for the log:
    protectorctl lint --format sarif --output lint.sarif examples/task-definition.json

  Why is there a rule, and what can be done?
    protectorctl lint --explain PL004

Exit codes:
  0    checked, and nothing is as serious as --fail-on says
  1    something is
  2    no answer: an option or a file is wrong
  141  the reader of the output went away";
