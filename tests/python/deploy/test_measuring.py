"""What scripts/measure, scripts/start-order and scripts/compare-fleets make of what they have read."""

import contextlib
import io
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from lib import ROOT
from lib import tls
from lib.scripts import loaded
from measuring import build, fleets, report, tool


def program(folder, script):
    """A program that is this shell script."""
    path = Path(folder, "program")
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


class Comparison(unittest.TestCase):
    def test_every_quantity_has_a_column_for_each_program_and_the_ratio_of_the_first_two(self):
        budgets = {"binary": (1, "MB"), "idle RSS": (1, "kB"), "peak": (1, "MB")}
        found = {
            "ours": {"binary": 2_000_000, "idle RSS": 700_000, "peak": 4_000_000},
            "theirs": {"binary": 4_000_000, "idle RSS": 1_000_000, "peak": 5_000_000},
            "C": {"binary": 1_000_000, "idle RSS": 500_000},
        }
        head, *rows = [line.split("  ") for line in report.comparison(budgets, found)]
        rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
        self.assertEqual([cell.strip() for cell in head if cell.strip()], ["ours", "theirs", "C", "ratio"])
        self.assertEqual(rows[0], ["binary", "2.00 MB", "4.00 MB", "1.00 MB", "0.50"])
        self.assertEqual(rows[1], ["idle RSS", "700 kB", "1000 kB", "500 kB", "0.70"])
        self.assertEqual(rows[2], ["peak", "4.00 MB", "5.00 MB", "–", "0.80"])


class Tool(unittest.TestCase):
    def test_each_offline_command_has_a_line_and_one_that_fails_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            lines = tool.measure(program(folder, "echo $1"), 1)
            self.assertEqual(len(lines), len(tool.COMMANDS))
            self.assertTrue(all(0 < line.value for line in lines))
            slow = tool.seconds(program(folder, "sleep 0.05"), ["lint"], {"PATH": "/usr/bin:/bin"})
            self.assertGreaterEqual(slow, 0.05)
            with self.assertRaisesRegex(RuntimeError, "no such rule"):
                tool.measure(program(folder, "echo no such rule >&2; exit 2"), 1)


class Fleets(unittest.TestCase):
    """scripts/compare-fleets, with programs that answer as two versions of the simulator."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    @staticmethod
    def row(instances, **numbers):
        times = {"count": instances, "p50": 1.0, "p99": 2.0, "max": 3.0}
        counts = ("requests", "writes", "billedSeconds", "throttled", "hooksRanOut", "deadLetters", "ticksFailed")
        zero = dict.fromkeys(counts, 0)
        row = {"instances": instances, "released": instances, **zero, "stoppedToReleasedSeconds": times}
        return {**row, "hookToCompletedSeconds": times, **numbers}

    def version(self, name, rows, knows_linger=True):
        """A simulator that writes down how it was called."""
        program = self.folder / name
        refuses = "case \"$*\" in *--settings*) exit 2 ;; esac" if not knows_linger else ""
        answer = json.dumps({"rows": rows})
        script = f"#!/bin/sh\necho \"$*\" >> {program}.calls\n{refuses}\ncat <<'END'\n{answer}\nEND\nexit 1\n"
        program.write_text(script)
        program.chmod(0o755)
        return program

    def run_script(self, *words):
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = fleets.main([str(word) for word in words])
        return code, out.getvalue(), errors.getvalue()

    def test_each_size_has_before_now_and_ratio_of_the_same_fleets(self):
        slow = {"count": 20, "p50": 1.0, "p99": 100.0, "max": 120.0}
        before = self.version("old", [self.row(20, requests=1000, throttled=250, stoppedToReleasedSeconds=slow)], False)
        now = self.version("new", [self.row(20, requests=200, hooksRanOut=3)])
        code, out, _ = self.run_script(before, now, "--instances", "20", "--names", "abc1234", "now")
        self.assertEqual(code, 0)
        sizes, head, *lines = out.splitlines()
        self.assertEqual((sizes.strip(), head.split()), ("20 at once", ["abc1234", "now", "ratio"]))
        found = {line.rsplit(maxsplit=3)[0]: line.split()[-3:] for line in lines}
        self.assertEqual(found["last STOPPED to released, p99 (s)"], ["100", "2", "0.02"])
        self.assertEqual(found["requests a drain"], ["50", "10", "0.20"])
        self.assertEqual(found["throttled (%)"], ["25", "0", "0"])
        self.assertEqual(found["hooks ran out"], ["0", "3", "-"], "there is no ratio to nothing")
        self.assertEqual(set(found), set(fleets.MEASURES))
        calls = [Path(f"{program}.calls").read_text().splitlines() for program in (before, now)]
        played = [lines[-1].partition(" --settings ")[0] for lines in calls]
        self.assertEqual(played[0], played[1], "both play the same fleets")
        self.assertEqual(played[0], "simulate --json --instances 20 --seeds 1 --environments 10")

    def test_what_never_came_to_be_is_no_number_and_seeds_give_their_median(self):
        none = {"count": 0, "p50": 0, "p99": 0, "max": 0}
        of_seeds = [self.row(5, seed=seed, requests=5 * seed, released=5 - seed) for seed in (1, 2, 3)]
        before = self.version("old", of_seeds)
        now = self.version("new", [self.row(5, stoppedToReleasedSeconds=none, released=0)])
        code, out, _ = self.run_script(before, now, "--instances=5", "--seeds=3", "--json=-")
        self.assertEqual(code, 0)
        (fleet,) = json.loads(out)["fleets"]
        found = {one["name"]: (one["before"], one["now"], one["ratio"]) for one in fleet["measures"]}
        self.assertEqual(found["last STOPPED to released, p99 (s)"], (2.0, None, None))
        self.assertEqual(found["never released"], (2, 5, 2.5))
        self.assertEqual(found["requests a drain"], (2, 0, 0))

    def test_linger_is_switched_off_in_a_version_that_knows_it_alone(self):
        for knows in (True, False):
            program = self.version(f"knows-{knows}", [self.row(1)], knows)
            fleets.play(program, [1], 1)
            last = Path(f"{program}.calls").read_text().splitlines()[-1]
            self.assertEqual("--settings" in last, knows)

    def test_a_simulator_that_cannot_play_is_a_failure_with_its_words(self):
        program = self.folder / "broken"
        program.write_text("#!/bin/sh\necho unrecognized subcommand >&2; exit 2\n")
        program.chmod(0o755)
        code, out, errors = self.run_script(program, program, "--instances=1")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("unrecognized subcommand", errors)

    def test_wrong_arguments_are_refused_before_anything_is_built(self):
        script = ROOT / "scripts" / "compare-fleets"
        for words in (["--instances", "0"], ["--seeds=x"], ["--instances"], ["--no"], ["HEAD", "HEAD"], ["no-such-rev"]):
            done = subprocess.run([script, *words], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 2, words)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("ratio", subprocess.run([script, "--help"], capture_output=True, text=True, check=True).stdout)


class Build(unittest.TestCase):
    def test_a_crate_with_other_features_is_compiled_twice(self):
        mine = build.of_tree("serde v1.0.1|std,rc\nquote v1.0.1 (proc-macro)|x\nlibc v0.2.1|std\nnix v0.3.1|\n")
        theirs = build.of_tree("serde v1.0.1|std\nquote v1.0.1 (proc-macro)|\nlibc v0.2.1|std\n")
        self.assertEqual(build.compiled_twice(mine, theirs), ["serde v1.0.1"])

    def test_a_release_compiles_every_crate_of_both_programs_once(self):
        """If not, the manifest of the program that has fewer features of a crate is to name the others too."""
        sidecar, coordinator = (build.features(program) for program in build.PROGRAMS)
        self.assertGreater(len(set(sidecar) & set(coordinator)), 100)
        self.assertEqual(build.compiled_twice(sidecar, coordinator), [])

    def test_both_builds_count_and_the_budget_holds_them(self):
        with tempfile.TemporaryDirectory() as folder:
            script = program(folder, 'for i in $(seq 20000); do :; done; test -d "$CARGO_TARGET_DIR"')
            (line,) = build.measure([script, script])
        self.assertTrue(0 < line.value < line.budget)
        self.assertTrue(line.ok)
        self.assertFalse(report.Line(line.name, line.budget + 1, line.budget, line.unit).ok)
        self.assertEqual(line.json()["unit"], "seconds")


class Roots(unittest.TestCase):
    def test_a_program_gets_the_roots_that_it_reads_on_aws(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "ca.crt").write_text("our authority")
            with_roots, without = Path(folder, "with"), Path(folder, "without")
            with_roots.write_bytes(b"\x7fELF" + tls.AMAZON.read_bytes() + b"\0")
            without.write_bytes(b"\x7fELF")
            self.assertEqual(tls.store_for(without, folder), str(Path(folder, "store.crt")))
            few = Path(tls.store_for(with_roots, folder)).read_text()
            self.assertEqual(few.count("BEGIN CERTIFICATE"), 5)
            self.assertIn("our authority", few)


class StartOrder(unittest.TestCase):
    def test_functions_come_in_the_order_of_their_first_execution_with_all_their_names(self):
        script = loaded("start-order")
        known = [
            (0x10, 0x20, ["start"]),
            (0x20, 0x40, ["memcpy", "memmove"]),
            (0x80, 0x90, ["main"]),
            (0x90, 0xA0, ["never"]),
        ]
        counters = [0x12, 0x84, 0x21, 0x13, 0x70, 0x88, 0x5, 0x1000]
        self.assertEqual(script.order(counters, known), ["start", "main", "memcpy", "memmove"])

    def test_the_list_that_is_kept_begins_where_a_program_begins(self):
        names = (ROOT / "scripts/start-order.txt").read_text().split()
        # musl's _start is a few instructions without a size, which call _start_c.
        self.assertEqual((names[0], len(names)), ("_start_c", len(set(names))))
        self.assertIn("__libc_start_main", names)
