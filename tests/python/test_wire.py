"""boto3 against every operation of the local AWS.

LOCAL_AWS_ENDPOINT says where it listens; scripts/wire-test starts one. Every answer is compared with botocore's service
models, and at the end every operation that the local AWS serves must have been answered.
"""

import pathlib
import sys
import unittest

SERVED = {
    "autoscaling": """
        CompleteLifecycleAction CreateAutoScalingGroup CreateOrUpdateTags DeleteAutoScalingGroup DeleteLifecycleHook
        DeleteTags DescribeAutoScalingGroups DescribeAutoScalingInstances DescribeLifecycleHooks
        DescribeScalingActivities PutLifecycleHook RecordLifecycleActionHeartbeat SetDesiredCapacity SetInstanceProtection TerminateInstanceInAutoScalingGroup
        UpdateAutoScalingGroup""",
    "ecs": """
        CreateCapacityProvider CreateCluster CreateService DeleteService DeregisterContainerInstance
        DescribeCapacityProviders DescribeClusters
        DescribeContainerInstances DescribeServices DescribeTaskDefinition DescribeTasks GetTaskProtection ListClusters
        ListContainerInstances ListServices ListTasks PutClusterCapacityProviders RegisterTaskDefinition RunTask StartTask
        StopTask
        UpdateContainerInstancesState UpdateService UpdateTaskProtection""",
    "cloudwatch": "DescribeAlarms GetMetricData",
    "ec2": "DescribeInstances ModifyInstanceMetadataOptions",
    "elb": """
        CreateLoadBalancer DescribeInstanceHealth DescribeLoadBalancerAttributes ModifyLoadBalancerAttributes""",
    "elbv2": """
        CreateTargetGroup DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth
        ModifyTargetGroupAttributes""",
    "events": "DescribeRule ListRuleNamesByTarget ListTargetsByRule PutEvents",
    "iam": "CreateRole PutRolePolicy SimulatePrincipalPolicy",
    "logs": "FilterLogEvents",
    "sqs": "GetQueueAttributes",
    "sts": "GetCallerIdentity",
    "ssm": """
        DeleteParameter DeleteParameters GetParameter GetParameters GetParametersByPath PutParameter""",
}


def main():
    here = pathlib.Path(__file__).parent
    suite = unittest.TestLoader().discover(str(here / "wire"), pattern="test_*.py", top_level_dir=str(here))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    from wire import strict

    missed = [
        f"{service}:{operation}"
        for service, operations in SERVED.items()
        for operation in operations.split()
        if (service, operation) not in strict.ANSWERED
    ]
    if missed:
        print(f"never answered: {', '.join(missed)}")
    else:
        print(f"answered: all {len(strict.ANSWERED)} operations")
    return not (result.wasSuccessful() and result.testsRun and not missed)


if __name__ == "__main__":
    sys.exit(main())
