import time
import unittest

from .aws import client, refused, refuses
from .cluster import slow

elb, logs, events, sqs, monitoring, ecs, scaling = (
    client(name) for name in ("elbv2", "logs", "events", "sqs", "cloudwatch", "ecs", "autoscaling")
)
STACK = "ecs-daemon-protector"
GROUP = f"/aws/lambda/{STACK}"
QUEUES = "https://sqs.us-east-1.amazonaws.com/123456789012"


class Reads(unittest.TestCase):
    def test_a_target_group_and_its_targets(self):
        (made,) = elb.create_target_group(Name="reads", Protocol="HTTP", Port=8080)["TargetGroups"]
        arn = made["TargetGroupArn"]
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "7"}
        self.assertIn(delay, elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])["Attributes"])
        self.assertIn(delay, elb.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"])
        self.assertEqual(elb.describe_target_groups(Names=["reads"])["TargetGroups"], [made])
        self.assertEqual(elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"], [])
        refuses(self, "TargetGroupNotFound", elb.describe_target_health, TargetGroupArn=arn + "0")
        refuses(self, "AccessDenied", elb.describe_load_balancers)

    def test_log_lines(self):
        found = logs.filter_log_events(logGroupName=GROUP, filterPattern='{ $.event = "receipt" }', startTime=0)
        self.assertEqual(found["events"], [])
        refuses(self, "ResourceNotFoundException", logs.filter_log_events, logGroupName="/aws/lambda/other")
        refuses(self, "AccessDeniedException", logs.describe_log_groups)

    def test_rules(self):
        queue = f"arn:aws:sqs:us-east-1:123456789012:{STACK}-events.fifo"
        names = events.list_rule_names_by_target(TargetArn=queue)["RuleNames"]
        self.assertIn(f"{STACK}-tick", names)
        for name in names:
            self.assertEqual(events.describe_rule(Name=name)["State"], "ENABLED")
            (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
            self.assertEqual(target["Arn"], queue)
        refuses(self, "ResourceNotFoundException", events.describe_rule, Name="other")

    def test_queues(self):
        for name in ("dead-letters", "failed-events.fifo", "events.fifo"):
            url = f"{QUEUES}/{STACK}-{name}"
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            self.assertEqual(attributes["ApproximateNumberOfMessages"], "0")
        with refused(self, "QueueDoesNotExist"):
            sqs.get_queue_attributes(QueueUrl=f"{QUEUES}/other", AttributeNames=["All"])

    def test_alarms_and_metrics(self):
        alarms = monitoring.describe_alarms(AlarmNamePrefix=STACK)["MetricAlarms"]
        self.assertEqual({alarm["StateValue"] for alarm in alarms}, {"OK"})
        self.assertEqual(monitoring.describe_alarms(StateValue="ALARM")["MetricAlarms"], [])
        metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
        query = {"Id": "errors", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        now = time.time()
        (result,) = monitoring.get_metric_data(MetricDataQueries=[query], StartTime=now - 60, EndTime=now)[
            "MetricDataResults"
        ]
        self.assertEqual((result["Id"], result["Values"]), ("errors", []))

    def test_activities_and_capacity_providers(self):
        scaling.create_auto_scaling_group(AutoScalingGroupName="reads", MinSize=0, MaxSize=1, DesiredCapacity=1)
        (activity,) = scaling.describe_scaling_activities(AutoScalingGroupName="reads")["Activities"]
        self.assertEqual(activity["StatusCode"], "Successful")
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["reads"])["AutoScalingGroups"]
        provider = {"autoScalingGroupArn": group["AutoScalingGroupARN"]}
        ecs.create_capacity_provider(name="reads", autoScalingGroupProvider=provider)
        ecs.create_cluster(clusterName="reads", capacityProviders=["reads"])
        (cluster,) = ecs.describe_clusters(clusters=["reads"])["clusters"]
        self.assertEqual(cluster["capacityProviders"], ["reads"])
        described = ecs.describe_capacity_providers(capacityProviders=["reads"])["capacityProviders"]
        self.assertEqual(described[0]["autoScalingGroupProvider"]["managedDraining"], "ENABLED")
        (arn,) = ecs.put_cluster_capacity_providers(
            cluster="reads", capacityProviders=["FARGATE"], defaultCapacityProviderStrategy=[]
        )["cluster"]["capacityProviders"]
        self.assertEqual(arn, "FARGATE")

    def test_a_service_behind_a_target_group_with_constraints(self):
        (made,) = elb.create_target_group(Name="behind", Protocol="HTTP", Port=80)["TargetGroups"]
        ecs.create_cluster(clusterName="behind")
        container = {"name": "app", "image": "app", "memory": 8, **slow(0)}
        ecs.register_task_definition(family="behind", containerDefinitions=[container])
        constraints = [{"type": "memberOf", "expression": "ec2InstanceId == i-1"}]
        balancers = [{"targetGroupArn": made["TargetGroupArn"], "containerName": "app", "containerPort": 80}]
        ecs.create_service(
            cluster="behind",
            serviceName="behind",
            taskDefinition="behind",
            desiredCount=1,
            loadBalancers=balancers,
            placementConstraints=constraints,
            healthCheckGracePeriodSeconds=30,
        )
        (service,) = ecs.describe_services(cluster="behind", services=["behind"])["services"]
        self.assertEqual(service["loadBalancers"], balancers)
        self.assertEqual(service["placementConstraints"], constraints)
        self.assertEqual(service["healthCheckGracePeriodSeconds"], 30)
        self.assertEqual(service["deployments"][0]["rolloutState"], "IN_PROGRESS")
