#!/usr/bin/env bash
# What surprises: serverless-offline-aws-eventbridge forgets every other field of `detail` beside a `$or`.
#
# Versions: serverless-offline-aws-eventbridge 2.2.4.
# Expected: all fields must match, and one of the alternatives. AWS's own matcher says so in its README (aws/event-ruler,
#   "And and Or Relationship among fields"), with `$or` beside another field. The plugin understands `$or`.
# Seen: detail {"lastStatus": ["STOPPED"], "$or": [{"stopCode": …}, …]} matches an event whose lastStatus is RUNNING.
#   Without the `$or` the same field decides as it should.
# Who meets it: local runs of rules that have a condition and alternatives: the handler gets events that AWS would
#   never send it.
# Publicly known: no report found. (`$or` came with
#   https://github.com/rubenkaiser/serverless-offline-eventBridge/pull/82 .)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-audit --no-fund --prefix "$work" serverless-offline-aws-eventbridge@2.2.4 >&2
NODE_PATH="$work/node_modules" node - <<'JS'
const plugin = require('serverless-offline-aws-eventbridge');
const Plugin = plugin.default || plugin;
console.log('serverless-offline-aws-eventbridge', require('serverless-offline-aws-eventbridge/package.json').version);

// The matcher needs nothing of a running server but its debug log.
const matcher = Object.create(Plugin.prototype, { logDebug: { value: () => {} } });
const matches = (detail) =>
  matcher.verifyIsSubscribed(
    { functionKey: 'example', event: { eventBus: 'default', pattern: { source: ['aws.ecs'], detail } } },
    {
      EventBusName: 'default',
      Source: 'aws.ecs',
      DetailType: 'ECS Task State Change',
      Detail: JSON.stringify({ lastStatus: 'RUNNING', stopCode: 'UserInitiated' }),
    },
  );

const alternatives = { $or: [{ stopCode: ['UserInitiated'] }, { stopCode: ['SpotInterruption'] }] };
const alone = matches({ lastStatus: ['STOPPED'] });
const beside = matches({ lastStatus: ['STOPPED'], ...alternatives });
console.log('an event with lastStatus RUNNING and a pattern that wants STOPPED');
console.log('  alone:', alone ? 'matches' : 'does not match');
console.log('  beside $or:', beside ? 'matches' : 'does not match');
if (alone || !beside) {
  console.error('changed: the field counts beside $or');
  process.exit(1);
}
JS
