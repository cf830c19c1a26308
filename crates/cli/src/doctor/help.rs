//! Help that teaches.

/// Above the options.
pub(super) const ABOUT: &str = "\
Checks whether the protector is set up as it must be: the coordinator runs and gets its events, the hooks have time for a
drain, each daemon has a sidecar that works, services can move, and alarms notify a person. It changes nothing.

Each check has one line: `ok` it is so, `!` it deserves a look, `x` it is wrong, `?` it is not known because a read failed, `-`
it was not looked at because an earlier check makes it meaningless. Below it stands what to know and a command; words in
capitals are yours to fill in. docs/checks.md has a part for each check, under its id.

It is the only command that looks at all services of a cluster, ten a call and five calls a second: 2,000 services take 40 s
(raise --timeout), and `--skip cluster` spares it.

--deep asks IAM what each task role may do, and EC2 for the metadata options of the hosts. Few people are given these
actions, so they are called only with this option, or for a check that `--only` names.";

/// Below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  Is the set-up right?
    protectorctl doctor

  After a deployment, in a pipeline: wait until all is well, and let a warning fail too:
    protectorctl doctor --wait 5m --fail-on warn --short

  May the sidecars read their records, and do they reach the metadata service?
    protectorctl doctor --only policy,hop-limit

  Hooks and the health of the sidecars of one cluster, for a program:
    protectorctl doctor --cluster prod --only hooks,sidecar-health --json

Exit codes:
  0    nothing is wrong
  1    a check failed; with --fail-on warn also if one warns
  2    not answered: a wrong option, no credentials or region, or a read failed and nothing wrong was found elsewhere
  3    --wait or --timeout ran out first
  141  the reader of the output went away";
