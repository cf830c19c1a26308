"""The justfile has a recipe for each step of .ci/run and scripts/test, and runs nothing that is not there."""

import re
import shutil
import subprocess
import unittest

from . import ROOT, tasks


def recipes():
    return tasks.recipes((ROOT / "justfile").read_text())


def commands():
    return {tasks.plain(command) for recipe in recipes() for command in recipe.commands}


class Justfile(unittest.TestCase):
    def test_each_step_of_the_pipeline_is_a_recipe(self):
        for script in (".ci/run", "scripts/test"):
            steps = tasks.steps((ROOT / script).read_text())
            self.assertGreater(len(steps), 5, script)
            missing = [(title, command) for title, command in steps if not self.is_known(command)]
            self.assertEqual(missing, [], f"steps of {script} that no recipe of the justfile runs")

    def is_known(self, command):
        """A step is a recipe, or prepares for others, or is a tool that a recipe's script falls back from."""
        preparations = ("scripts/python-tools", "cargo build --workspace --bins --tests", "cargo deny ", "cargo test ")
        return command in commands() or command.startswith(preparations)

    def test_each_recipe_is_explained_and_named_once(self):
        names = [recipe.name for recipe in recipes()]
        self.assertEqual(len(names), len(set(names)))
        for recipe in recipes():
            self.assertTrue(recipe.comment and recipe.commands, recipe.name)

    def test_each_script_of_a_recipe_is_there(self):
        for command in commands():
            first = command.split()[0]
            if "/" in first and not first.startswith(".venv"):
                self.assertTrue((ROOT / first).is_file(), command)

    def test_just_reads_the_file(self):
        just = shutil.which("just")
        if just is None:
            self.skipTest("just is not installed; the other tests have read the file")
        done = subprocess.run([just, "--summary"], cwd=ROOT, capture_output=True, text=True, check=True)
        self.assertEqual(set(done.stdout.split()), {recipe.name for recipe in recipes()} - {"default"})

    def test_the_workflow_runs_the_same(self):
        text = (ROOT / ".github/workflows/ci.yml").read_text()
        runs = re.findall(r"- run: (.*)", text)
        self.assertIn(".ci/run", runs)
        for run in runs:
            self.assertIn(run.replace(" --locked", ""), commands())

    def test_the_checks_find_what_is_wrong(self):
        found = tasks.recipes("# Says it.\none *ARGS:\n    run {{ARGS}}\n\ntwo:\n    @other\n")
        self.assertEqual([recipe.comment for recipe in found], ["Says it.", ""])
        self.assertEqual([recipe.commands for recipe in found], [("run {{ARGS}}",), ("other",)])
        with self.assertRaises(ValueError):
            tasks.recipes("one\n")
        script = 'doc() { A=1 cargo doc; }\nstep "Doc" doc\nneed "X" scripts/x\n  step "Y" scripts/fuzz --runs 6\n'
        expected = [("Doc", "A=1 cargo doc"), ("X", "scripts/x"), ("Y", "scripts/fuzz")]
        self.assertEqual(tasks.steps(script), expected)
