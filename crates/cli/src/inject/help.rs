//! Help that teaches.

/// Above the options.
pub(super) const ABOUT: &str = "\
Puts the sidecar into a task definition, or corrects one that is there: whatever `protectorctl lint` says can be fixed by
inject, and nothing else. Order, indentation, comments and members that it does not know stay as they are; running it twice
changes nothing. It prints the definition on standard output and what it did on standard error. Nothing talks to AWS without
--register or --from-coordinator.";

/// Below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  See what would change:
    protectorctl inject --image REPOSITORY/ecs-daemon-protector:0.1.0 --diff daemon.json

  Change the file; in CI, make sure that it was changed:
    protectorctl inject --image REPOSITORY/ecs-daemon-protector:0.1.0 --in-place daemon.json
    protectorctl inject --image REPOSITORY/ecs-daemon-protector:0.1.0 --check daemon.json

  What is registered now, with the sidecar, ready to be registered:
    aws ecs describe-task-definition --task-definition fluent-bit-daemon | protectorctl inject - --image REF:0.1.0 --register-ready > new.json

  For a coordinator with other settings:
    protectorctl inject --image REF:0.1.0 --max-drain 3h --tiers 2 daemon.json

  Take it out again:
    protectorctl inject --remove --in-place daemon.json

Exit codes:
  0    done, or nothing to do
  1    the task cannot be protected, and the reason is said; with --check: it would change
  2    no answer: an option or a file is wrong
  141  the reader of the output went away";
