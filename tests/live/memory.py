# SPDX-License-Identifier: GPL-2.0-only
"""brood under valgrind: nothing is read that was not written, nothing is leaked.

`make check-memory` runs this, and other live tests with a brood that was built with
AddressSanitizer and UBSan.  Valgrind does not know all commands of bpf(2); what it says of
them is left out (valgrind.supp).
"""

import os
import subprocess
import unittest

from brood import BROOD, ROOT, LiveTest, scenario

BAD = 99
VALGRIND = ["valgrind", "--quiet", f"--error-exitcode={BAD}", "--leak-check=full",
            f"--suppressions={os.path.join(ROOT, 'tests', 'live', 'valgrind.supp')}"]


class Valgrind(LiveTest):

    def under_valgrind(self, *args, status=0):
        log = self.path("valgrind")
        done = subprocess.run([*VALGRIND, f"--log-file={log}", BROOD, *args],
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)
        with open(log, encoding="utf-8", errors="replace") as f:
            said = "".join(line for line in f if line.startswith("=="))
        self.assertEqual((done.returncode, said), (status, ""), done.stderr)
        return done

    def test_follow(self):
        done = self.under_valgrind("-o", self.path("out"), "--tee", self.path("trace"),
                                   "--redact", "[0-9]{3}", "--", *scenario("zombie", "200"))
        self.assertEqual(done.stderr, b"")

    def test_read(self):
        trace = self.path("trace")
        self.brood("record", "-o", trace, "--", *scenario("zombie", "200"))
        for args in (["tree"], ["summary"], ["log"], ["export"],
                     ["export", "--format", "processes"]):
            with self.subTest(args=args):
                self.assertTrue(self.under_valgrind(*args, trace).stdout)
        os.truncate(trace, os.path.getsize(trace) - 100)
        self.under_valgrind("log", trace, status=3)


if __name__ == "__main__":
    unittest.main()
