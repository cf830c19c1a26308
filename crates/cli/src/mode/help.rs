//! Help that teaches.

/// Above the options.
pub(super) const ABOUT: &str = "\
Shows the kill switch, or sets it. The coordinator and every sidecar that holds obey it within a minute, without a
deployment; it needs no function, so it works when the coordinator does not run.";

/// Below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  What is the mode, who has set it, and what does the coordinator obey?
    protectorctl mode

  Let the daemons of every drain go at once; asks for the number of drains:
    protectorctl mode release-all --why \"INC-4711: cluster must be empty\"

  Back to normal, in a script:
    protectorctl mode on --why \"INC-4711 is over\" --yes

Exit codes:
  0    shown, or set and obeyed
  1    the parameter's text cannot be read, so it has no effect
  2    not answered: not confirmed, no credentials, or a call was denied
  3    set, but the coordinator has not said within 90 s that it obeys; or --timeout ran out";
