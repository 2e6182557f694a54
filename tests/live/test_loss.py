# SPDX-License-Identifier: GPL-2.0-only
"""Much at once: nothing is lost; and when something is, it is counted where it was."""

import json
import os
import signal
import subprocess
import time
import unittest

from brood import PATIENCE, LiveTest, Watch, helper, proc_stat, wait_until
from trace_lines import clean


class Burst(LiveTest):

    def assertStorm(self, trace, storm, n):
        """n children, each with all facts of its life."""
        self.assertEqual(len(storm.children), n)
        for child in storm.children:
            self.assertEqual(child.code, child.pid % 128)
            self.assertEqual(child.execs, [])
            self.assertReapedBy(child, storm)
            self.assertEqual(child.comms, ["storm"])
        last_fork = max(c.fork["seq"] for c in storm.children)
        self.assertLess(last_fork, min(c.exit["seq"] for c in storm.children))
        self.assertEqual(trace.end["lost"], 0)

    def test_of_a_command(self):
        run = self.follow(helper("storm", "1000"))
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.assertStorm(run.trace, run.command, 1000)
        self.assertCounts(run.trace, forks=1000, execs=1, exits=1001)

    def test_of_programs(self):
        run = self.follow(helper("storm", "1000", "/bin/true", "with", "arguments"))
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.assertCounts(run.trace, forks=1000, execs=1001, exits=1001)
        for child in run.command.children:
            self.assertEqual([e["args"] for e in child.execs],
                             [["/bin/true", "with", "arguments"]])
            self.assertEqual(child.code, 0)
            self.assertReapedBy(child, run.command)

    def test_of_the_machine(self):
        with Watch(self, "export") as watch:
            storm = self.start(helper("storm", "1000"), stdout=subprocess.DEVNULL)
            storm.wait()
            watch.wait_reaped(storm.pid)
            watch.stop()
        self.assertEqual(watch.stderr, b"")
        trace = watch.trace
        self.assertStorm(trace, trace.by_pid(storm.pid), 1000)
        self.assertEqual(trace.by_pid(storm.pid).fork["ppid"], os.getpid())
        self.assertEqual(trace.by_pid(storm.pid).fork["creator"]["pid"], os.getpid())


class Loss(LiveTest):

    N = 400

    def start_storm(self, verb, script):
        """A storm of N while brood is stopped, through a ring of one page.

        Followed, so that all that happens is known: the command is a shell that starts the
        storm when it is told to.  Returns the Watch, and the shell's gate to whatever is next.
        """
        said = self.path("said-" + verb)
        read, gate = os.pipe()
        with open(said, "wb") as out:
            watch = Watch(self, verb, "--buffer", "4K", "--args-max", "256",
                          command=["sh", "-c", script, "sh", *helper("storm", str(self.N))],
                          stdin=read, stdout=out, begun=lambda: self.said(said) == b"ready\n")
        os.close(read)
        os.kill(watch.process.pid, signal.SIGSTOP)
        wait_until(lambda: proc_stat(watch.process.pid)[3] == b"T", "brood is stopped")
        os.write(gate, b"\n")
        wait_until(lambda: self.said(said).endswith(b"done\n"), "the storm is over")
        os.kill(watch.process.pid, signal.SIGCONT)
        return watch, gate

    def storm(self, verb):
        watch, gate = self.start_storm(verb, 'echo ready; read line; exec "$@"')
        os.close(gate)
        return watch.finish()

    @staticmethod
    def said(path):
        with open(path, "rb") as f:
            return f.read()

    def assertAccounted(self, watch, happened):
        trace = watch.trace
        lost = sum(line["count"] for line in trace.of("loss"))
        self.assertGreater(lost, 0)
        missing = happened - self.seen(trace.lines) - lost
        self.assertUntold(trace, missing, happened)
        self.assertEqual(trace.end["lost"], lost)
        for line in trace.of("loss"):
            self.assertLessEqual(line["since"], line["until"])
            self.assertEqual(line["until"], line["ts"])
        self.assertEqual(watch.stderr.count(b"\n"), 1, watch.stderr)
        self.assertRegex(clean(watch.stderr), rf"^brood: .*\b{lost}\b.*lost")

    @staticmethod
    def seen(lines):
        return sum(line["type"] in ("fork", "exec", "exit", "reap") and not line.get("inferred")
                   for line in lines)

    def test_seen_and_lost_is_what_happened(self):
        """The shell lives until all is told or counted, also where reaps are told late."""
        def told():
            lines = [json.loads(line) for line in watch.seen().splitlines(True)
                     if line.endswith(b"\n")]
            missing = happened - self.seen(lines) - sum(line.get("count", 0) for line in lines)
            return missing <= 0 or (time.monotonic() > late and
                                    missing <= self.never_told(lines[0], happened))
        watch, gate = self.start_storm("export", 'echo ready; read line; "$@"; read line')
        # the shell and the storm: 2 execs, a fork, an exit and a reap; N children
        happened = 1 + self.N + 2 + (self.N + 1) + (self.N + 1)
        late = time.monotonic() + PATIENCE / 2      # what is not told by then never is
        wait_until(told, "all is told or counted")
        os.close(gate)
        watch.finish(1)         # of read: the end of its input
        self.assertAccounted(watch, happened + 2)

    def test_seen_and_lost_as_the_trace_ends(self):
        """The same where the command ends at once: what had happened is told or counted."""
        # the shell, which becomes the storm: 2 execs, an exit and a reap; N children
        self.assertAccounted(self.storm("export"), self.N + 2 + (self.N + 1) + (self.N + 1))

    def test_place(self):
        """The loss stands where it happened: after what was seen before, before what comes."""
        trace = self.storm("export").trace
        first = trace.of("loss")[0]
        before = [line for line in trace.lines if line["seq"] < first["seq"]]
        self.assertEqual(before[-1]["ts"], first["since"])
        self.assertTrue([line for line in before if line["type"] == "fork"],
                        "the ring had room for some")

    def test_views_say_so(self):
        for verb, words in (("log", r"LOST \d+ events"), ("summary", r"Lost +\d+ events"),
                            ("tree", "storm 400")):
            with self.subTest(verb=verb):
                watch = self.storm(verb)
                self.assertRegex(clean(watch.seen()), words)
                self.assertRegex(clean(watch.stderr), r"^brood: .*lost.*\n$")


if __name__ == "__main__":
    unittest.main()
