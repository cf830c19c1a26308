"""A cluster in the local AWS: one instance behind a hook, a replica task, a standalone one, a protected daemon."""

from .wait import until
from .programs import SIDECAR

CLUSTER = "prod"
GROUP = "prod-ecs"
HOOK = "drain"
ROLE = "arn:aws:iam::123456789012:role/daemon"


def simulated(name, stop_seconds=0):
    """A container without a process, that takes so long from SIGTERM to its end."""
    labels = {"local-aws.simulated": "true", "local-aws.stop-seconds": str(stop_seconds)}
    return {"name": name, "image": name, "memory": 16, "essential": True, "stopTimeout": 120, "dockerLabels": labels}


def sidecar(protects, variables):
    """The container of the real sidecar."""
    return {
        "name": "ecs-daemon-protector",
        "image": "ecs-daemon-protector",
        "memory": 32,
        "essential": False,
        "stopTimeout": 3600,
        "command": [str(SIDECAR)],
        "dependsOn": [{"containerName": protects, "condition": "START"}],
        "environment": [{"name": name, "value": value} for name, value in variables.items()],
    }


class Workload:
    """Everything RUNNING. `variables` are the sidecar's."""

    def __init__(self, aws, heartbeat_seconds=300, job_stop_seconds=0, **variables):
        self.aws = aws
        aws.ecs.create_cluster(clusterName=CLUSTER)
        aws.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=GROUP,
            MinSize=0,
            MaxSize=1,
            DesiredCapacity=1,
            Tags=[{"Key": "local-aws.cluster", "Value": CLUSTER, "PropagateAtLaunch": True}],
        )
        aws.autoscaling.put_lifecycle_hook(
            AutoScalingGroupName=GROUP,
            LifecycleHookName=HOOK,
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=heartbeat_seconds,
        )
        (self.arn,) = until("an instance is registered", self.registered)
        self.host = self.instance()["ec2InstanceId"]
        variables = {"PROTECTOR_MAX_HOLD": "5m", "PROTECTOR_UNKNOWN_GRACE": "30s", **variables}
        self.service("logs", "DAEMON", simulated("logs"), sidecar("logs", variables))
        self.service("web", "REPLICA", simulated("web", stop_seconds=1))
        self.define("job", simulated("job", job_stop_seconds))
        self.job = aws.ecs.run_task(cluster=CLUSTER, taskDefinition="job")["tasks"][0]["taskArn"]
        until("three tasks run", lambda: len([t for t in self.tasks() if t["lastStatus"] == "RUNNING"]) == 3)
        # Its self-check makes one call; a drain that began before it would differ.
        until("the sidecar has read", lambda: self.task("service:logs")["containers"][1]["lastStatus"] == "RUNNING")

    def registered(self):
        return self.aws.ecs.list_container_instances(cluster=CLUSTER)["containerInstanceArns"]

    def instance(self):
        described = self.aws.ecs.describe_container_instances(cluster=CLUSTER, containerInstances=[self.arn])
        return described["containerInstances"][0]

    def define(self, family, *containers):
        self.aws.ecs.register_task_definition(family=family, containerDefinitions=containers, taskRoleArn=ROLE)

    def service(self, name, strategy, *containers):
        self.define(name, *containers)
        count = {} if strategy == "DAEMON" else {"desiredCount": 1}
        self.aws.ecs.create_service(
            cluster=CLUSTER, serviceName=name, taskDefinition=name, schedulingStrategy=strategy, **count
        )

    def tasks(self):
        """All tasks of the instance, the stopped ones too."""
        arns = []
        for desired in ("RUNNING", "STOPPED"):
            listed = self.aws.ecs.list_tasks(cluster=CLUSTER, containerInstance=self.arn, desiredStatus=desired)
            arns += listed["taskArns"]
        return self.aws.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []

    def task(self, group):
        """The task of a group."""
        return next(task for task in self.tasks() if task["group"] == group)

    def scale_in(self):
        """The hook begins to wait."""
        self.aws.autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=0)

    def state(self):
        """Lifecycle state of the instance; None once it is gone."""
        answer = self.aws.autoscaling.describe_auto_scaling_instances(InstanceIds=[self.host])
        instances = answer["AutoScalingInstances"]
        return instances[0]["LifecycleState"] if instances else None

    def record_texts(self):
        """The texts of all records of the cluster."""
        found = self.aws.ssm.get_parameters_by_path(Path=f"/ecs-daemon-protector/{CLUSTER}")["Parameters"]
        return [parameter["Value"] for parameter in found]

    def record_text(self):
        """The text of the only record, or None."""
        return next(iter(self.record_texts()), None)

    def protect(self, group, protected):
        """Task scale-in protection, on or off."""
        tasks = [self.task(group)["taskArn"]]
        self.aws.ecs.update_task_protection(cluster=CLUSTER, tasks=tasks, protectionEnabled=protected)

    def end_job(self):
        """The standalone task ends, as if by itself."""
        self.aws.ecs.stop_task(cluster=CLUSTER, task=self.job)
        until("the job is STOPPED", lambda: self.task("family:job")["lastStatus"] == "STOPPED")
