import json
import pathlib
import sys
import tempfile
import urllib.error
import urllib.request

from botocore.utils import ContainerMetadataFetcher, InstanceMetadataRegionFetcher

from lib.wait import until

from .aws import BOUND_SECONDS, ecs
from .cluster import ClusterCase

# What a container of these tests does: it writes down its environment, and then when it got SIGTERM. The first
# argument is its folder, the second how many seconds it takes to stop.
PROGRAM = """
import json, os, pathlib, signal, sys, time
folder, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2])
def stop(*_):
    (folder / "terminated").write_text(str(time.time()))
    time.sleep(seconds)
    (folder / "left").write_text(str(time.time()))
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
(folder / "new").write_text(json.dumps(dict(os.environ)))
(folder / "new").rename(folder / "environment")
while True:
    signal.pause()
"""


class Containers(ClusterCase):
    """Containers are processes, and find what a container on an EC2 instance finds."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="wire-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def container(self, name, seconds=0, **more):
        folder = self.folder / name
        folder.mkdir()
        return {
            "name": name,
            "entryPoint": [sys.executable, "-c", PROGRAM],
            "command": [str(folder), str(seconds)],
            "environment": [{"name": "OWN", "value": "variable"}],
            **more,
        }

    def read(self, name, file):
        path = self.folder / name / file
        return until(f"{name} wrote {file}", lambda: path.exists() and path.read_text())

    def start(self, *containers):
        """Runs a task of these containers; its ARN, and the environment of the first."""
        arn = self.run_task(self.definition(*containers, taskRoleArn="arn:aws:iam::123456789012:role/task"))
        self.addCleanup(ecs.stop_task, cluster=self.cluster, task=arn)
        return arn, json.loads(self.read(containers[0]["name"], "environment"))

    def test_the_environment_is_that_of_a_container(self):
        _, environment = self.start(self.container("app"))
        self.assertEqual((environment["OWN"], environment["AWS_REGION"]), ("variable", "us-east-1"))
        self.assertNotIn("AWS_ACCESS_KEY_ID", environment)

    def test_task_metadata(self):
        arn, environment = self.start(self.container("app"), self.container("other"))
        url = environment["ECS_CONTAINER_METADATA_URI_V4"]
        container, task = get_json(url), get_json(f"{url}/task")
        self.assertEqual((container["Name"], container["KnownStatus"]), ("app", "RUNNING"))
        self.assertEqual((task["TaskARN"], task["KnownStatus"], task["DesiredStatus"]), (arn, "RUNNING", "RUNNING"))
        self.assertEqual(task["Cluster"].split("/")[-1], self.cluster)
        self.assertEqual([one["Name"] for one in task["Containers"]], ["app", "other"])
        with self.assertRaises(urllib.error.HTTPError) as caught:
            get_json(f"{url}x")
        self.assertEqual(caught.exception.code, 404)

    def test_credentials_of_the_task_role(self):
        arn, environment = self.start(self.container("app"))
        url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        credentials = ContainerMetadataFetcher().retrieve_full_uri(url)
        self.assertEqual(credentials["AccessKeyId"], f"SIDECAR-{arn.split('/')[-1]}")
        self.assertLessEqual({"SecretAccessKey", "Token", "Expiration", "RoleArn"}, set(credentials))
        ecs.stop_task(cluster=self.cluster, task=arn)
        self.wait_for(arn, "STOPPED")
        with self.assertRaises(urllib.error.HTTPError) as caught:
            get_json(url)
        self.assertEqual(caught.exception.code, 400)

    def test_instance_metadata(self):
        _, environment = self.start(self.container("app"))
        imds = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
        region = InstanceMetadataRegionFetcher(base_url=imds, env={}).retrieve_region()
        self.assertEqual(region, "us-east-1")
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = get(f"{imds}/latest/api/token", method="PUT", headers=headers)
        headers = {"X-aws-ec2-metadata-token": token}
        instance = self.instance(self.active()[0])
        self.assertEqual(get(f"{imds}/latest/meta-data/instance-id", headers=headers), instance["ec2InstanceId"])
        target = get(f"{imds}/latest/meta-data/autoscaling/target-lifecycle-state", headers=headers)
        self.assertEqual(target, "InService")
        document = json.loads(get(f"{imds}/latest/dynamic/instance-identity/document", headers=headers))
        self.assertEqual((document["instanceId"], document["region"]), (instance["ec2InstanceId"], "us-east-1"))
        for path, headers, code in [
            ("meta-data/instance-id", {}, 401),
            ("meta-data/spot/instance-action", headers, 404),
        ]:
            with self.assertRaises(urllib.error.HTTPError) as caught:
                get(f"{imds}/latest/{path}", headers=headers)
            self.assertEqual(caught.exception.code, code, path)
        introspection = get_json(f"{imds}/v1/metadata")
        self.assertEqual(introspection["ContainerInstanceArn"], instance["containerInstanceArn"])

    def test_a_container_is_stopped_after_those_that_depend_on_it(self):
        waits = {"dependsOn": [{"containerName": "app", "condition": "START"}], "essential": False}
        arn, _ = self.start(self.container("app"), self.container("sidecar", seconds=0.5, **waits))
        self.read("sidecar", "environment")
        ecs.stop_task(cluster=self.cluster, task=arn)
        self.wait_for(arn, "STOPPED")
        left, terminated = float(self.read("sidecar", "left")), float(self.read("app", "terminated"))
        self.assertLessEqual(left, terminated)
        self.assertEqual([one["exitCode"] for one in self.task(arn)["containers"]], [0, 0])


def get(url, method="GET", headers=None):
    request = urllib.request.Request(url, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=BOUND_SECONDS) as response:
        return response.read().decode()


def get_json(url):
    return json.loads(get(url))
