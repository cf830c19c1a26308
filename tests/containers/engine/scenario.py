"""One drain: an instance with a log router as daemon and one application, every container of them real.

The local AWS runs the real coordinator, and decides when a task is stopped and which of its containers first; its
containers are processes that each stand for a real container (container_process.py).
"""

import re
import socket
import sys
import tempfile
import time
from pathlib import Path

from .docker import DOCKER, IMAGE, RESTRICTED, WORKLOAD, docker, events, inspect, until
from .host import PROGRAMS, PROTECTORCTL, client, measured, tls

HERE = Path(__file__).resolve().parents[1]
CLUSTER, GROUP, HOOK = "real", "real", "drain"
SETTINGS = (f"PROTECTOR_LIFECYCLE_HOOKS={HOOK}", "PROTECTOR_SETTLE=1s", "PROTECTOR_DAEMON_STOP=20s")
WARM_UP_LINES = 25
SIDECAR, ROUTER, APP = "ecs-daemon-protector", "router", "app"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Drain:
    """Built, drained and counted by `run`. Without `linger` the coordinator's default is in force."""

    containers = (SIDECAR, ROUTER, APP)
    settings = SETTINGS

    def __init__(self, test, protected, linger="0s"):
        self.protected = protected
        self.kind = "with" if protected else "without"
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.folder, self.port = Path(folder.name), free_port()
        self.folder.chmod(0o755)
        self.prepare_files()
        settings = self.settings if linger is None else (*self.settings, f"PROTECTOR_LINGER={linger}")
        coordinator = [part for setting in settings for part in ("--coordinator-env", setting)]
        arguments = ("--coordinator", str(PROGRAMS / "bootstrap"), "--tick", "5s", *coordinator)
        self.aws = measured.LocalAws(tls.make(self.folder)[:2], PROTECTORCTL, arguments)
        test.addCleanup(self.aws.close)
        test.addCleanup(self.remove_containers)
        self.ecs, self.ssm, self.auto_scaling = (client(self.aws, name) for name in ("ecs", "ssm", "autoscaling"))

    def prepare_files(self):
        (self.folder / "lines").mkdir()
        text = (HERE / "rsyslog.conf").read_text().replace("@PORT@", str(self.port))
        (self.folder / "rsyslog.conf").write_text(text)

    def name(self, container):
        return f"{container}-{self.kind}"

    def remove_containers(self):
        docker("rm", "--force", *(self.name(one) for one in self.containers), check=False)

    # The task definitions.

    def container(self, name, options, stop_timeout, in_engine=None, **more):
        """With another name in the engine, if several tasks have a container of this name."""
        own = self.name(in_engine or name)
        process = [sys.executable, str(HERE / "container_process.py"), DOCKER, self.engine(), own]
        command = [*process, str(stop_timeout), *options]
        common = {"name": name, "image": name, "memory": 64, "essential": True, "stopTimeout": stop_timeout + 5}
        return {**common, "command": command, **more}

    @staticmethod
    def engine():
        return docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").stdout.strip()

    def daemons(self):
        return [self.router()]

    def applications(self):
        return [self.app()]

    def router(self):
        mounts = (f"{self.folder}/rsyslog.conf:/rsyslog.conf:ro", f"{self.folder}/lines:/lines")
        volumes = [part for mount in mounts for part in ("--volume", mount)]
        program = ["rsyslogd", "-n", "-i", "NONE", "-f", "/rsyslog.conf"]
        return self.container(ROUTER, [*volumes, WORKLOAD, *program], 20)

    def app(self):
        mounts = (f"{HERE}/app.py:/app.py:ro", f"{self.folder}/lines:/lines")
        volumes = [part for mount in mounts for part in ("--volume", mount)]
        program = ["python3", "/app.py", str(self.port), "/lines/app.log"]
        return self.container(APP, [*volumes, WORKLOAD, *program], 30)

    def sidecar(self, daemons, **more):
        trust = ("--volume", f"{self.folder}/ca.crt:/ca.crt:ro")
        ssm = {"AWS_ENDPOINT_URL_SSM": self.aws.endpoint, "SSL_CERT_FILE": "/ca.crt"}
        variables = {**ssm, "PROTECTOR_MAX_HOLD": "2m"}
        return self.container(
            SIDECAR,
            [*trust, *RESTRICTED, IMAGE],
            125,
            essential=False,
            dependsOn=[{"containerName": daemon["name"], "condition": "START"} for daemon in daemons],
            environment=[{"name": name, "value": value} for name, value in variables.items()],
            **more,
        )

    # The account.

    def build(self):
        self.build_instance()
        sidecar = [self.sidecar(self.daemons())] if self.protected else []
        self.service(ROUTER, [*self.daemons(), *sidecar], schedulingStrategy="DAEMON")
        until("the router listens", self.listens)
        if self.protected:
            self.ready()
        self.service(APP, self.applications(), desiredCount=1)
        until("lines come in", self.lines_come_in)

    def build_instance(self):
        self.ecs.create_cluster(clusterName=CLUSTER)
        tag = {"Key": "local-aws.cluster", "Value": CLUSTER, "PropagateAtLaunch": True}
        size = {"MinSize": 0, "MaxSize": 1, "DesiredCapacity": 1}
        self.auto_scaling.create_auto_scaling_group(AutoScalingGroupName=GROUP, Tags=[tag], **size)
        self.auto_scaling.put_lifecycle_hook(
            AutoScalingGroupName=GROUP,
            LifecycleHookName=HOOK,
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=300,
        )
        until("the instance is there", self.instances)
        self.instance = self.instances()[0]["InstanceId"]

    def ready(self, sidecar=SIDECAR, times=1):
        """Waits until a sidecar has passed its self-check, in each of so many starts."""
        until(f"{sidecar} is ready", lambda: self.says(sidecar, '"ready"') >= times)

    def says(self, container, text):
        """How often its output has this text."""
        return docker("logs", self.name(container), check=False).stdout.count(text)

    def lines_come_in(self):
        return len(self.on_disk()) >= WARM_UP_LINES

    def service(self, name, containers, **more):
        role = "arn:aws:iam::123456789012:role/task"
        self.ecs.register_task_definition(family=name, containerDefinitions=containers, taskRoleArn=role)
        self.ecs.create_service(cluster=CLUSTER, serviceName=name, taskDefinition=name, **more)

    def instances(self):
        groups = self.auto_scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
        return groups["AutoScalingGroups"][0]["Instances"]

    def listens(self):
        return self.accepts(self.port)

    @staticmethod
    def accepts(port):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    # The drain, and what came of it.

    def run(self):
        self.build()
        since = time.time()
        self.auto_scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)
        self.while_it_drains()
        until("the hook is completed", lambda: not self.instances(), bound=120)
        names = {self.name(one): one for one in self.containers}
        noted = [(names[name], *rest) for name, *rest in events(since, type="container") if name in names]
        ends = [one for one in noted if one[1] in ("kill", "die")]
        self.order = [f"{name} {self.word(action, signal)}" for name, action, signal, _ in ends]
        self.moments = {what: nanoseconds / 1e9 for what, (*_, nanoseconds) in zip(self.order, ends)}
        return self

    def while_it_drains(self):
        """What happens to the instance in its drain."""

    @staticmethod
    def word(action, signal):
        return "ended" if action == "die" else {"15": "SIGTERM", "9": "SIGKILL"}[signal]

    def record(self):
        name = f"/ecs-daemon-protector/{CLUSTER}/{self.instance}"
        return self.ssm.get_parameter(Name=name)["Parameter"]["Value"]

    def emitted(self):
        return set(map(int, (self.folder / "lines" / "app.log").read_text().split()))

    def on_disk(self):
        """Numbers of the lines that the router has written."""
        file = self.folder / "lines" / "router.log"
        text = file.read_text() if file.exists() else ""
        return set(map(int, re.findall(r"line (\d+)$", text, re.MULTILINE)))

    def exit_code(self, container):
        return inspect(self.name(container))["State"]["ExitCode"]
