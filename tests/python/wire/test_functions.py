import unittest

from .aws import client, refused, refuses

sts, functions = client("sts"), client("lambda", attempts=1)


class Functions(unittest.TestCase):
    """Without a coordinator: tests/tests/all/invoke.rs has the real one."""

    def test_without_a_function_there_is_none_to_invoke(self):
        with refused(self, "ResourceNotFoundException"):
            functions.invoke(FunctionName="ecs-daemon-protector", Payload=b"{}")
        for read in (functions.get_function_configuration, functions.get_function_concurrency):
            refuses(self, "ResourceNotFoundException", read, FunctionName="ecs-daemon-protector")

    def test_what_is_not_modelled_is_denied_and_not_invented(self):
        refuses(self, "AccessDeniedException", functions.list_functions)


class Callers(unittest.TestCase):
    def test_a_caller_learns_who_it_is(self):
        identity = sts.get_caller_identity()
        self.assertEqual(identity["UserId"], "test")
        self.assertEqual(identity["Arn"], f"arn:aws:iam::{identity['Account']}:user/test")
        refuses(self, "AccessDenied", sts.get_session_token)
