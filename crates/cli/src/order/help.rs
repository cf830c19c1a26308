//! Help that teaches.

/// Below the options of `release`, `hold` and `extend`.
pub(super) const EXAMPLES: &str = "\
The order goes to the coordinator, which checks it, keeps who and why in the record and the receipt, and answers.

Examples:
  Let the daemons of one instance go now; what its tasks log from then on is lost:
    protectorctl release i-04f --why \"INC-4711: the ETL may be cut\"

  Keep them until the hook's global limit:
    protectorctl hold i-04f05e66a99bdb06f --why \"INC-4711: backup runs\"

  Move the deadline, in a script, and see what would be sent:
    protectorctl extend i-04f --by 30m --why \"INC-4711\" --yes --dry-run

Exit codes:
  0    carried out
  1    it changed nothing: the instance does not drain, is released already, or the coordinator only observes
  2    not answered: not confirmed, no credentials, no permission to invoke the function, or the function failed
  3    --wait or --timeout ran out first";
