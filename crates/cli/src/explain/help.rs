//! Help that teaches.

/// Above the options.
pub(super) const ABOUT: &str = "\
Says why one instance still drains: which tasks hold it and why, when each ends, what is wrong, and the next command. Each
cause has its evidence: a service event in the words of AWS, a task's status, a deployment configuration. A bound is written
`<=` and is never below the truth, an estimate `~`, an unknown `?`. It changes nothing.

It reads the instance's record and tasks, and then only what bears on the tasks that hold: their services, definitions and
protection, their target groups, the Auto Scaling group if room is missing, and the last receipts in the coordinator's log
(four pages at most), which tell how long such drains usually hold. A read that is denied makes that part not known, and
names the permission.";

/// Below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  Why does it hang?
    protectorctl explain i-04f

  The same for a program, with all evidence:
    protectorctl explain i-04f05e66a99bdb06f --cluster prod --json

  With what the coordinator last said of it:
    protectorctl explain i-04f --logs

Exit codes:
  0    nothing is wrong, or it does not drain
  1    it needs you
  2    not answered: no such instance, no credentials, or a read failed and nothing bad was found elsewhere
  3    --timeout ran out first
  141  the reader of the output went away";
