# SPDX-License-Identifier: GPL-2.0-only
"""Traces as files: what is shown live and what is shown from the file are the same bytes."""

import os
import subprocess
import unittest

from brood import BROOD, NOBODY, LiveTest, scenario


class Replay(LiveTest):

    def test_live_equals_replay(self):
        for verb in ([], ["log"], ["tree"], ["summary"], ["export"],
                     ["export", "--format", "processes"]):
            with self.subTest(verb=verb):
                trace, live, replay = (self.path(name) for name in ("trace", "live", "replay"))
                run = self.brood(*verb, "--force", "--tee", trace, "-o", live,
                                 "--", *scenario("server"))
                self.assertEqual((run.status, run.stderr), (0, b""))
                run = self.brood(*verb, "--force", "-o", replay, trace)
                self.assertEqual((run.status, run.stderr), (0, b""))
                with open(live, "rb") as a, open(replay, "rb") as b:
                    said = a.read()
                    self.assertEqual(said, b.read())
                self.assertIn(b"server", said)

    def test_without_privilege(self):
        trace = self.path("trace")
        run = self.brood("record", "-o", trace, "--", *scenario("fork"))
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.assertEqual(os.stat(trace).st_mode & 0o777, 0o600)
        with open(trace, "rb") as f:
            done = subprocess.run([self.reachable(BROOD), "export", "-"], stdin=f,
                                  capture_output=True, user=NOBODY, group=NOBODY, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b'"code":7', done.stdout)

    def test_cut_short(self):
        """What can be read is shown; one line says that it is not all; status 3."""
        trace = self.path("trace")
        self.brood("record", "-o", trace, "--", *scenario("fork"))
        os.truncate(trace, os.path.getsize(trace) - 1)
        run = self.brood("log", trace)
        self.assertEqual(run.status, 3)
        self.assertRegex(run.stderr.decode(), r"\Abrood: \S+: cut short after \d+ events, until "
                                              r"\d+\.\d{6} s\n\Z")
        self.assertIn(b"exit 7", run.stdout)


if __name__ == "__main__":
    unittest.main()
