"""No document and no comment has a word of tests/words.txt."""

import unittest

from . import ROOT, words


class ForbiddenWords(unittest.TestCase):
    def test_no_document_and_no_comment_has_a_forbidden_word(self):
        listed = words.parse(words.LIST.read_text())
        self.assertEqual(list(words.problems(listed)), [])

    def test_every_exception_is_a_file_that_needs_it(self):
        """So that an exception goes when its reason is gone."""
        listed = words.parse(words.LIST.read_text())
        without = words.Words(listed.prose, listed.code, listed.names)
        broken = {problem.split(":")[0] for problem in words.problems(without)}
        for path in listed.excepted:
            self.assertTrue((ROOT / path).is_file(), path)
            self.assertIn(path, broken, f"{path} has no forbidden word any more: remove its exception")

    def test_the_list_is_read_strictly(self):
        text = "# note\nexcept a.md: generated\n[prose]\nfor-ever -> indefinitely\n[code]\nMend -> fix\n[names]\nsay -> log\n"
        listed = words.Words({"for ever": "indefinitely"}, {"mend": "fix"}, {"say": "log"}, {"a.md": "generated"})
        self.assertEqual(words.parse(text), listed)
        twice = "[prose]\nmend -> fix\n[code]\nMend -> fix"
        for wrong in ("mend -> fix", "[prose]\nmend", "[prose]\nmend -> ", "except a.md", twice):
            with self.assertRaises(ValueError):
                words.parse(wrong)

    def test_the_checks_find_what_is_wrong(self):
        listed = {"mend": "fix", "for ever": "indefinitely"}
        self.assertEqual(words.found("one\nMend it, mender\n", listed), [(2, "mend", "fix")])
        spelled = "waits-for-ever\nit mends\nFOR_EVER\nmended\n"
        self.assertEqual([number for number, _, _ in words.found(spelled, listed)], [1, 2, 3])
        rust = 'fn lives_for_ever() {}\nstruct ForEver;\n// It lasts for ever, `for_ever`.\nlet a = "for ever"; let b = r#"for ever"#;\n'
        self.assertEqual([number for number, _, _ in words.found(words.of_rust(rust), listed)], [1, 2, 3])
        quoted = "// don't \"mend\nlet a = '\"'; // mend\nlet b = \"// mend\";\n"
        self.assertEqual([number for number, _, _ in words.found(words.of_rust(quoted), listed)], [1, 2])
        texts = 'f("mend"); // "mend"\nlet a = r#"\n"mend"#;\nlet q = \'"\'; #[serde(alias = "mend")]\nlet mend = "";\n'
        planted = f'{texts}#[cfg(test)]\nmod tests {{\n    const A: &str = "mend";\n}}\n'
        self.assertEqual([number for number, _, _ in words.found(words.texts_of_rust(planted), listed)], [1, 3, 4])
        named = 'mod mend; // fn mend\nfn it() { mend("fn mend") }\nstruct ToMend;\n' + planted
        self.assertEqual([number for number, _, _ in words.found(words.names_of_rust(named), listed)], [1, 3])
        page = "Use `mend`.\n\n```\nmend\n```\n[it](mend.md)\nWe mend it.\n"
        self.assertEqual([number for number, _, _ in words.found(words.prose(page), listed)], [7])
