import datetime
import json
import unittest
from collections import defaultdict

from deploy import policies
from deploy.template import Rendered
from lib import events, request_model
from lib.function import Function, environment
from lib.local_aws import LocalAws
from lib.programs import BOOTSTRAP
from lib.proxy import Proxy
from lib.wait import until
from lib.workload import CLUSTER, HOOK, Workload
from wire import strict

REGION = "us-east-1"
# Who calls, by access key, and the role that the stack gives it.
ROLES = {"COORDINATOR": "CoordinatorRole", "HEARTBEATS": "HeartbeatsRole"}

# By role. Only an instance with a capacity provider is asked about, and the local AWS has none. Of the coordinator, only an
# order by direct invocation sends a heartbeat, if one is due: what comes by the queue leaves them to the other function.
# Scaling activities are read only while no record can be written, or no cluster can be asked.
NOT_MADE = {
    "CoordinatorRole": {
        "ecs:DescribeCapacityProviders",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:RecordLifecycleActionHeartbeat",
    },
    "HeartbeatsRole": set(),
}

# From so many clusters on, empty ones are left out.
MANY_CLUSTERS = 10

# The job takes so long to stop that a heartbeat of a hook with the least time-out is due meanwhile.
HOLD_SECONDS = 12

# Of a drain that ended long ago, on an instance that is gone: the tick deletes it.
OLD_RECORD = {
    "schema": 1,
    "state": "released",
    "remaining": 0,
    "reason": "drained",
    "ec2InstanceId": "i-00000000000000001",
    "containerInstanceArn": f"arn:aws:ecs:{REGION}:123456789012:container-instance/{CLUSTER}/{'1' * 32}",
    "drainId": "i-00000000000000001-2026-01-01T00:00:00Z",
    "startedAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-01-01T00:10:00Z",
    "deadlineAt": "2026-01-01T01:00:00Z",
    "releasedAt": "2026-01-01T00:09:00Z",
    "receiptAt": "2026-01-01T00:10:00Z",
    "pollSeconds": 1,
    "heldBy": [],
    "releasedServices": [],
    "sidecars": 0,
}


# The coordinator's settings, so that one drain makes every call that it can make.
SETTINGS = {"STANDALONE_TASKS": "stop", "SETTLE": "1s", "LINGER": "0s", "DAEMON_STOP": "5m", "LIFECYCLE_HOOKS": HOOK}


class Requests(unittest.TestCase):
    """One whole drain, and two hooks that begin none. All requests of coordinator and sidecar to AWS go through a
    proxy that records them."""

    @classmethod
    def setUpClass(cls):
        cls.proxy = Proxy()
        cls.addClassCleanup(cls.proxy.close)
        variables = {f"PROTECTOR_{name}": value for name, value in SETTINGS.items()}
        variables["AWS_ENDPOINT_URL"] = cls.proxy.url
        given = [f"--coordinator-env={name}={value}" for name, value in variables.items()]
        cls.proxy.upstream = "http://127.0.0.1:9"  # nothing is called before the local AWS says where it is
        cls.aws = LocalAws("--no-quotas", "--tick", "1s", "--coordinator", str(BOOTSTRAP), *given)
        cls.addClassCleanup(cls.aws.close)
        cls.proxy.upstream = cls.aws.url
        cls.drain()
        cls.other_hooks()
        cls.exchanges = list(cls.proxy.exchanges)

    @classmethod
    def drain(cls):
        sidecar = {"AWS_ENDPOINT_URL": cls.proxy.url}
        cls.workload = workload = Workload(cls.aws, heartbeat_seconds=30, job_stop_seconds=HOLD_SECONDS, **sidecar)
        name = f"/ecs-daemon-protector/{CLUSTER}/{OLD_RECORD['ec2InstanceId']}"
        cls.aws.ssm.put_parameter(Name=name, Value=json.dumps(OLD_RECORD), Type="String")
        workload.protect("service:web", True)
        workload.scale_in()
        cls.backdate()
        until("protection is asked for", lambda: cls.called("GetTaskProtection"))
        workload.protect("service:web", False)
        until("the instance is gone", lambda: workload.state() is None)
        until("the old record is deleted", lambda: cls.called("DeleteParameters"))

    @classmethod
    def other_hooks(cls):
        """An old notice, and a fresh one for an instance that is in no cluster, of many: a drain makes none of their
        calls."""
        for number in range(MANY_CLUSTERS):
            cls.aws.ecs.create_cluster(clusterName=f"empty-{number}")
        with Function(environment(cls.proxy.url, REGION, LIFECYCLE_HOOKS="protect-daemons")) as function:
            function.invoke(events.fixture("terminate-event-bridge"))
            function.invoke(events.fresh("terminate-event-bridge", {}))

    @classmethod
    def backdate(cls):
        """Has DRAINING confirmed two minutes ago: only then what still runs is asked for its protection."""
        begun = until("the instance is held", lambda: cls.record().get("startedAt"))
        earlier = datetime.datetime.fromisoformat(begun[:19]) - datetime.timedelta(minutes=2)
        record = {**cls.record(), "drainingConfirmedAt": f"{earlier.isoformat()}Z"}
        name = f"/ecs-daemon-protector/{CLUSTER}/{cls.workload.host}"
        cls.aws.ssm.put_parameter(Name=name, Value=json.dumps(record), Type="String", Overwrite=True)

    @classmethod
    def record(cls):
        """The record of the instance; empty before there is one."""
        texts = [text for text in cls.workload.record_texts() if cls.workload.host in text]
        return json.loads(texts[0]) if texts else {}

    @classmethod
    def called(cls, name):
        return [one for one in list(cls.proxy.exchanges) if one.request.body and name in str(one.request.headers)]

    def test_each_request_is_what_botocore_would_send(self):
        for exchange in self.exchanges:
            with self.subTest(operation=request_model.operation_of(exchange.request).name):
                request_model.check(exchange.request)

    def test_each_request_is_signed_as_botocore_would_sign(self):
        for exchange in self.exchanges:
            operation = request_model.operation_of(exchange.request)
            with self.subTest(operation=operation.name):
                request_model.check_signature(exchange.request, operation, "local", "local", REGION)

    def test_each_answer_is_one_of_the_model(self):
        for exchange in self.exchanges:
            operation = request_model.operation_of(exchange.request)
            with self.subTest(operation=operation.name):
                answer = {"body": exchange.response.body, "status_code": exchange.response.status}
                strict.check(operation, answer)

    def test_every_call_that_the_roles_allow_was_made_and_no_other(self):
        seen = defaultdict(set)
        for exchange in self.exchanges:
            operation = request_model.operation_of(exchange.request)
            who = ROLES.get(exchange.principal, "sidecar")
            seen[who].add(f"{operation.service_model.service_name}:{operation.name}")
        self.assertEqual(seen["sidecar"], {"ssm:GetParameters"})
        for role in ROLES.values():
            with self.subTest(role):
                self.assertEqual(seen[role], allowed(role) - NOT_MADE[role])


def allowed(role):
    """What the stack's role may do with ECS, Auto Scaling and SSM."""
    granted = policies.actions(policies.of_role(Rendered({"StandaloneTasks": "stop"}), role))
    return {action for action in granted if action.split(":")[0] in ("autoscaling", "ecs", "ssm")}
