"""Runs the tests, and then checks that every operation that the local AWS serves has been answered: `python -m wire`."""

import sys

from lib.__main__ import run

from . import strict

SERVED = {
    "autoscaling": """
        CompleteLifecycleAction CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteLifecycleHook
        DeleteTags DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeLifecycleHooks
        DescribeScalingActivities PutLifecycleHook RecordLifecycleActionHeartbeat SetDesiredCapacity SetInstanceProtection
        TerminateInstanceInAutoScalingGroup UpdateAutoScalingGroup""",
    "ecs": """
        CreateCapacityProvider CreateCluster CreateService DeleteService DeregisterContainerInstance
        DescribeCapacityProviders DescribeClusters DescribeContainerInstances DescribeServices DescribeTaskDefinition
        DescribeTasks GetTaskProtection ListClusters ListContainerInstances ListServices ListTasks
        PutClusterCapacityProviders RegisterTaskDefinition RunTask StartTask StopTask UpdateContainerInstancesState
        UpdateService UpdateTaskProtection""",
    "cloudwatch": "DescribeAlarms GetMetricData",
    "ec2": "DescribeInstances ModifyInstanceMetadataOptions",
    "elb": "CreateLoadBalancer DescribeInstanceHealth DescribeLoadBalancerAttributes ModifyLoadBalancerAttributes",
    "elbv2": """
        CreateTargetGroup DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth
        ModifyTargetGroupAttributes""",
    "events": "DescribeRule ListRuleNamesByTarget ListTargetsByRule PutEvents",
    "iam": "CreateRole PutRolePolicy SimulatePrincipalPolicy",
    "logs": "FilterLogEvents",
    "sqs": "GetQueueAttributes",
    "sts": "GetCallerIdentity",
    "ssm": "DeleteParameter DeleteParameters GetParameter GetParameters GetParametersByPath PutParameter",
}


def main():
    code = run("wire")
    served = {(service, operation) for service, operations in SERVED.items() for operation in operations.split()}
    missed = served - strict.ANSWERED
    print(f"answered: {len(strict.ANSWERED)} operations; never answered: {sorted(missed)}")
    return code or bool(missed)


if __name__ == "__main__":
    sys.exit(main())
