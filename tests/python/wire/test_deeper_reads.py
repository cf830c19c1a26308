"""What `doctor --deep` and Classic Load Balancers need, in the words of three more service models."""

import json
import unittest

from lib.wait import until

from .aws import client, ecs, refused, refuses
from .cluster import slow

elb, iam, ec2, scaling = (client(name) for name in ("elb", "iam", "ec2", "autoscaling"))
ACCOUNT = "123456789012"


def instance(cluster):
    """An instance of a group, as soon as EC2 has it."""
    tag = {"Key": "local-aws.cluster", "Value": cluster, "PropagateAtLaunch": True}
    scaling.create_auto_scaling_group(AutoScalingGroupName=cluster, MinSize=0, MaxSize=1, DesiredCapacity=1, Tags=[tag])
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[cluster])["AutoScalingGroups"]
    return group["Instances"][0]["InstanceId"]


class DeeperReads(unittest.TestCase):
    def test_the_simulator_answers_for_each_resource(self):
        role = iam.create_role(RoleName="deep", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        place = f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/p"
        statement = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": f"{place}/*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName="deep", PolicyName="p", PolicyDocument=document)
        answer = iam.simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=["ssm:GetParameter", "ssm:PutParameter"],
            ResourceArns=[f"{place}/a", f"{place}2/a"],
        )
        found = {
            (result["EvalActionName"], one["EvalResourceName"]): one["EvalResourceDecision"]
            for result in answer["EvaluationResults"]
            for one in result["ResourceSpecificResults"]
        }
        self.assertEqual(found.pop(("ssm:GetParameter", f"{place}/a")), "allowed")
        self.assertEqual((len(found), set(found.values())), (3, {"implicitDeny"}))
        with refused(self, "NoSuchEntity"):
            iam.simulate_principal_policy(PolicySourceArn=role + "s", ActionNames=["ssm:GetParameter"])
        refuses(self, "AccessDenied", iam.list_roles)

    def test_metadata_options(self):
        ecs.create_cluster(clusterName="deep")
        host = instance("deep")
        filters = [{"Name": "instance-id", "Values": [host, "i-0123456789abcdef0"]}]
        (reservation,) = ec2.describe_instances(Filters=filters)["Reservations"]
        options = reservation["Instances"][0]["MetadataOptions"]
        self.assertEqual((options["HttpPutResponseHopLimit"], options["HttpEndpoint"]), (2, "enabled"))
        changed = ec2.modify_instance_metadata_options(InstanceId=host, HttpPutResponseHopLimit=1)
        self.assertEqual(changed["InstanceMetadataOptions"]["HttpPutResponseHopLimit"], 1)
        with refused(self, "InvalidInstanceID.NotFound"):
            ec2.describe_instances(InstanceIds=["i-0123456789abcdef0"])
        refuses(self, "UnauthorizedOperation", ec2.describe_vpcs)

    def test_a_service_behind_a_classic_load_balancer(self):
        ecs.create_cluster(clusterName="classic")
        host = instance("classic")
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
        elb.create_load_balancer(LoadBalancerName="classic", Listeners=[listener])
        draining = {"Enabled": True, "Timeout": 7}
        elb.modify_load_balancer_attributes(
            LoadBalancerName="classic", LoadBalancerAttributes={"ConnectionDraining": draining}
        )
        attributes = elb.describe_load_balancer_attributes(LoadBalancerName="classic")["LoadBalancerAttributes"]
        self.assertEqual(attributes["ConnectionDraining"], draining)
        container = {"name": "app", "image": "app", "memory": 8, **slow(0)}
        ecs.register_task_definition(family="classic", containerDefinitions=[container])
        balancers = [{"loadBalancerName": "classic", "containerName": "app", "containerPort": 80}]
        made = ecs.create_service(
            cluster="classic", serviceName="s", taskDefinition="classic", desiredCount=1, loadBalancers=balancers
        )["service"]
        self.assertEqual(made["loadBalancers"], balancers)

        def in_service():
            states = elb.describe_instance_health(LoadBalancerName="classic")["InstanceStates"]
            return [state["InstanceId"] for state in states if state["State"] == "InService"]

        self.assertEqual(until("the instance is in service", in_service), [host])
        refuses(self, "LoadBalancerNotFound", elb.describe_instance_health, LoadBalancerName="other")
