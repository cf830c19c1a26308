from .world import MotoCase, ecs, ssm, unique


class Faithful(MotoCase):
    """The behaviour of moto that the drains of this folder rely on."""

    def test_the_status_of_a_list_counts(self):
        def listed(status):
            return ecs.list_container_instances(cluster=self.cluster, status=status)["containerInstanceArns"]

        self.assertEqual((listed("ACTIVE"), listed("DRAINING")), ([self.arn], []))
        self.drain_by_console()
        self.assertEqual((listed("ACTIVE"), listed("DRAINING")), ([], [self.arn]))

    def test_parameters_have_versions_and_pages(self):
        path = f"/{unique('path')}"
        versions = [
            ssm.put_parameter(Name=f"{path}/one", Value=value, Type="String", Overwrite=True)["Version"]
            for value in ("a", "b")
        ]
        self.assertEqual(versions, [1, 2])
        for number in range(11):
            ssm.put_parameter(Name=f"{path}/more/{number}", Value="x", Type="String")
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path, Recursive=True)
        self.assertEqual([len(page["Parameters"]) for page in pages], [10, 2])
        with self.assertRaises(ssm.exceptions.ParameterAlreadyExists):
            ssm.put_parameter(Name=f"{path}/one", Value="c", Type="String")
        gone = ssm.delete_parameters(Names=[f"{path}/one", f"{path}/none"])
        self.assertEqual((gone["DeletedParameters"], gone["InvalidParameters"]), ([f"{path}/one"], [f"{path}/none"]))
