"""The invariants, the rules and the promises name code and tests that exist."""

import re
import unittest

from . import ROOT, citations, pages


def read(name):
    return (ROOT / name).read_text()


class Citations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tests = citations.tests()

    def assert_cited(self, rows, code, tests):
        found = [(row[0], problem) for row in rows for problem in citations.problems_of_code(row[code])]
        found += [(row[0], problem) for row in rows for problem in citations.problems_of_tests(row[tests], self.tests)]
        self.assertEqual(found, [])

    def test_each_invariant_leads_to_code_and_tests(self):
        rows = pages.table(read("ARCHITECTURE.md"), "Invariant")
        self.assertGreater(len(rows), 10)
        self.assert_cited(rows, 1, 2)

    def test_each_rule_leads_to_code_and_tests(self):
        rows = pages.table(read(citations.RULES), "Rule")
        self.assertEqual([row[0] for row in rows], [str(number) for number in range(1, len(rows) + 1)])
        self.assert_cited(rows, 2, 3)

    def test_every_rule_that_the_code_cites_is_in_the_list(self):
        known = {int(row[0]) for row in pages.table(read(citations.RULES), "Rule")}
        cited = {}
        for path in pages.tracked("crates/core/*.rs"):
            for number in citations.cited_rules(path.read_text()):
                cited.setdefault(number, path.name)
        self.assertGreater(len(cited), 5)
        self.assertEqual({number: name for number, name in cited.items() if number not in known}, {})

    def test_each_promise_has_tests_of_its_number(self):
        rows = [row for row in pages.table(read("docs/promises.md"), "")]
        self.assertEqual([row[0] for row in rows], [f"P{number}" for number in range(1, 11)])
        for promise, _, tests in rows:
            self.assertEqual(citations.problems_of_tests(tests, self.tests), [])
            for name in citations.QUOTED.findall(tests):
                self.assertTrue(name.startswith(f"{promise.lower()}_"), f"{name} is no test of {promise}")

    def test_the_readme_has_each_promise(self):
        self.assertEqual(re.findall(r"\*\*(P\d+)\*\*", read("README.md")), [f"P{number}" for number in range(1, 11)])

    def test_all_tests_that_pages_name_exist(self):
        for page in pages.markdown():
            names = citations.PROMISE_TEST.findall(pages.without_blocks(page.read_text()))
            self.assertEqual([name for name in names if name not in self.tests], [], page.name)

    def test_the_checks_find_what_is_wrong(self):
        rust = "#[test]\n#[ignore]\nfn plain() {}\n#[tokio::test(start_paused = true)]\nasync fn later() {}\nfn helper() {}\n"
        self.assertEqual(citations.tests_of_rust(rust), {"plain", "later"})
        self.assertTrue(citations.has_item("pub(crate) const fn made() {}", "made"))
        self.assertFalse(citations.has_item("// made() is called\nmade();", "made"))
        self.assertTrue(citations.has_item('unsafe_code = "forbid"', "unsafe_code"))
        good = "`crates/core/src/plan.rs` `plan`"
        self.assertEqual(citations.problems_of_code(good), [])
        for bad in ("`crates/core/src/gone.rs` `plan`", "`crates/core/src/plan.rs` `gone`", "`plan`", f"{good}, `x`", ""):
            self.assertTrue(citations.problems_of_code(bad), bad)
        self.assertEqual(citations.problems_of_tests("`plain`", {"plain"}), [])
        self.assertTrue(citations.problems_of_tests("`gone`", {"plain"}))
        self.assertTrue(citations.problems_of_tests("none", {"plain"}))
        text = "//! rules 3, 6 and 12, and more\n/// Rule 99: no.\nlet rule = 7; // rule 8\n"
        self.assertEqual(citations.cited_rules(text), {3, 6, 12, 99, 8})
