//! Help that teaches.

/// Above the options.
pub(super) const ABOUT: &str = "\
Shows which instances drain, which tasks hold them, how long yet, and whether a lifecycle hook is about to run out. It
reads the coordinator's records, the DRAINING instances and Auto Scaling: four calls for eight drains of one cluster. It
changes nothing.

The first column says what needs you: `!` needs you, `v` was released and its daemons flush, `=` is over, blank holds as it
should. HOOK is the time until Auto Scaling ends the wait if no other heartbeat comes, computed on the safe side, since no
AWS API tells it; ENDS is when the hold ends: `?` is not known without a look at the tasks, and the deadline stands beside it.

--deep, or naming an instance, looks at the tasks as explain does: ENDS is then a bound `<=` that is never below the truth,
an estimate `~`, or `?` if the end of one task is not known, and HELD BY has the causes. It takes about eight calls more for
each drain, one drain after the other; what several of them share is read once.";

/// Below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  What drains, in all clusters that the coordinator watches:
    protectorctl status

  One cluster, for a program:
    protectorctl status --cluster prod --json

  With the latest end of each, and why it holds:
    protectorctl status --deep

  Follow one drain until it is over, at most half an hour:
    protectorctl status i-04f --wait=30m

  Watch the fleet on the whole terminal; ? shows the keys:
    protectorctl status --watch

Exit codes:
  0    nothing needs you
  1    a drain is late, at risk or without a record, or the coordinator is silent
  2    not answered: a wrong option, no credentials, or a read that failed while nothing bad was found elsewhere
  3    --wait or --timeout ran out first; with --deep, what was found by then is shown
  129, 130, 143
       --watch: the terminal went away, Ctrl-C, SIGTERM; left with q, the code is that of the last table
  141  the reader of the output went away";
