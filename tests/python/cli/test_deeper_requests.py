"""What protectorctl sends without a crate of the SDK: each form, its signature and its address, by botocore's models."""

import json
import subprocess
import unittest

from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from lib import ROOT, request_model
from lib.local_aws import LocalAws
from lib.programs import PROTECTORCTL
from lib.proxy import Proxy
from lib.wait import until

REGION = "us-east-1"
ENDPOINTS = ROOT / "crates/cli/src/account/query/endpoints.txt"
# The model of the endpoints, by the name in signatures.
MODELS = {"iam": "iam", "ec2": "ec2", "elasticloadbalancing": "elb"}
SECRET, TOKEN = "a-secret", "a-token"


def calls(proxy):
    """Operations of the recorded forms, each with its requests."""
    found = {}
    for exchange in proxy.exchanges:
        request = exchange.request
        if request.headers.get("content-type") == "application/x-www-form-urlencoded":
            service = request_model.signed_for(request)
            if service in MODELS:
                operation = request_model.check(request)
                request_model.check_signature(request, operation, SECRET, TOKEN, REGION_OF.get(service, REGION))
                found.setdefault(f"{service}:{operation.name}", []).append(exchange)
    return found


# IAM is signed for one region of its partition.
REGION_OF = {"iam": "us-east-1"}


class Requests(unittest.TestCase):
    def setUp(self):
        self.aws = LocalAws(region=REGION)
        self.addCleanup(self.aws.close)
        self.proxy = Proxy(self.aws.url)

    def protectorctl(self, *arguments):
        environment = {
            "AWS_ENDPOINT_URL": self.proxy.url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "ana",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
        done = subprocess.run([PROTECTORCTL, *arguments], env=environment, capture_output=True, timeout=60)
        return json.loads(done.stdout)

    def world(self):
        """A daemon with a role, and a service behind a Classic Load Balancer, on one instance."""
        iam, elb, ecs = (self.aws.client(name) for name in ("iam", "elb", "ecs"))
        ecs.create_cluster(clusterName="prod")
        tag = {"Key": "local-aws.cluster", "Value": "prod", "PropagateAtLaunch": True}
        self.aws.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName="g", MinSize=0, MaxSize=1, DesiredCapacity=1, Tags=[tag]
        )
        role = iam.create_role(RoleName="logs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
        elb.create_load_balancer(LoadBalancerName="old", Listeners=[listener])
        labels = {"local-aws.simulated": "true", "local-aws.stop-seconds": "30"}
        for family, names in [("logs", ["logs", "ecs-daemon-protector"]), ("web", ["web"])]:
            containers = [{"name": name, "image": name, "memory": 8, "dockerLabels": labels} for name in names]
            ecs.register_task_definition(family=family, taskRoleArn=role, containerDefinitions=containers)
        ecs.create_service(cluster="prod", serviceName="logs", taskDefinition="logs", schedulingStrategy="DAEMON")
        balancers = [{"loadBalancerName": "old", "containerName": "web", "containerPort": 80}]
        ecs.create_service(
            cluster="prod", serviceName="web", taskDefinition="web", desiredCount=1, loadBalancers=balancers
        )
        until("both run", lambda: len(ecs.list_tasks(cluster="prod")["taskArns"]) == 2)
        (arn,) = ecs.list_container_instances(cluster="prod")["containerInstanceArns"]
        (host,) = ecs.describe_container_instances(cluster="prod", containerInstances=[arn])["containerInstances"]
        return arn, host["ec2InstanceId"]

    def test_each_form_is_what_botocore_would_send(self):
        arn, instance = self.world()
        checks = "policy,hop-limit,stop-times"
        answer = self.protectorctl("doctor", "--json", "--cluster", "prod", "--only", checks)
        self.assertEqual(answer["partial"], [])
        self.aws.ecs.update_container_instances_state(cluster="prod", containerInstances=[arn], status="DRAINING")
        answer = self.protectorctl("explain", "--json", "--cluster", "prod", instance)
        self.assertEqual(answer["partial"], [])
        made = calls(self.proxy)
        self.assertEqual(
            set(made),
            {
                "iam:SimulatePrincipalPolicy",
                "ec2:DescribeInstances",
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeInstanceHealth",
            },
        )
        self.assertEqual({one.response.status for all in made.values() for one in all}, {200})


class Endpoints(unittest.TestCase):
    def test_each_address_is_that_of_the_service_model(self):
        loader = Loader()
        partitions = loader.load_data("partitions")
        rules = {name: EndpointProvider(loader.load_service_model(model, "endpoint-rule-set-1"), partitions)
                 for name, model in MODELS.items()}
        rows = [line.split() for line in ENDPOINTS.read_text().splitlines()]
        self.assertGreater(len(rows), 40)
        for service, region, kind, url, signing_region in rows:
            endpoint = rules[service].resolve_endpoint(Region=region, UseFIPS=kind == "fips", UseDualStack=False)
            (scheme,) = endpoint.properties.get("authSchemes") or [{}]
            self.assertEqual(
                (url, signing_region), (endpoint.url, scheme.get("signingRegion", region)), (service, region, kind)
            )
