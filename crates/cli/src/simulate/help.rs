//! Help that teaches.

/// Above the options.
pub(super) const ABOUT: &str = "\
Answers \"what happens if 400 instances refresh at once with these settings?\" The real coordinator and the real state
machine of the sidecar run in a model of ECS, Auto Scaling, SSM and Lambda on a virtual clock, with the default API
quotas. A judge that shares no code with them says which promise was broken. Nothing talks to AWS.";

/// Below the options.
pub(super) const EXAMPLES: &str = "\
Examples:
  What happens when 400 instances drain at once?
    protectorctl simulate --instances 400

  The curve, from one instance to a thousand, and a page for the team:
    protectorctl simulate --instances 1,10,100,1000 --html fleet.html

  Does Parameter Store's higher throughput help? (The file has the line PROTECTOR_PARAMETER_THROUGHPUT=higher.)
    protectorctl simulate --instances 400 --ssm-writes 10 --ssm-reads 1000 --settings higher.env

  With your own settings and slow tasks (lines such as PROTECTOR_MAX_DRAIN=45m):
    protectorctl simulate --instances 400 --stop 30s..10m --settings prod.env

  Is that luck? Twenty seeds of the same fleet, median and range:
    protectorctl simulate --instances 100 --seeds 20

  How do other drainers do with the same fleet?
    protectorctl simulate --instances 100 --rivals

  Which faults are known, and what does one look like?
    protectorctl simulate --faults list
    protectorctl simulate --faults two-registrations --transcript

  A thousand random worlds; one of them again, line by line; its world as a file to change and to replay:
    protectorctl simulate --random 0-999
    protectorctl simulate --random 17 --transcript --save 17.json
    protectorctl simulate --scenario 17.json

Exit codes:
  0    played, and no promise was broken
  1    a promise was broken; the judge says which. With --faults: a world does not do what the table says of it
  2    no answer: an option, a setting or a file is wrong
  130  Ctrl-C; what was finished is shown";
