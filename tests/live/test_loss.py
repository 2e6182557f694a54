# SPDX-License-Identifier: GPL-2.0-only
"""Much at once: nothing is lost; and when something is, it is counted where it was."""

import os
import signal
import subprocess
import unittest

from brood import LiveTest, Watch, helper, proc_stat, wait_until
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
        self.assertCounts(run.trace, forks=1000, execs=1, exits=1001, zombies=run.trace.end["zombies"])

    def test_of_programs(self):
        run = self.follow(helper("storm", "1000", "/bin/true", "with", "arguments"))
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.assertCounts(run.trace, forks=1000, execs=1001, exits=1001,
                          zombies=run.trace.end["zombies"])
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

    def storm(self, verb, *options):
        """A storm of N while brood is stopped, through a ring of one page: the Watch.

        Followed, so that all that happens is known: the command is a shell that becomes
        the storm when it is told to.
        """
        said = self.path("said")
        read, write = os.pipe()
        with open(said, "wb") as out:
            watch = Watch(self, verb, "--buffer", "4K", "--args-max", "256", *options,
                          command=["sh", "-c", 'echo ready; read line; exec "$@"', "sh",
                                   *helper("storm", str(self.N))],
                          stdin=read, stdout=out, begun=lambda: self.said(said) == b"ready\n")
        os.close(read)
        os.kill(watch.process.pid, signal.SIGSTOP)
        wait_until(lambda: proc_stat(watch.process.pid)[3] == b"T", "brood is stopped")
        os.write(write, b"\n")
        os.close(write)
        wait_until(lambda: self.said(said).endswith(b"done\n"), "the storm is over")
        os.kill(watch.process.pid, signal.SIGCONT)
        watch.finish()
        return watch

    @staticmethod
    def said(path):
        with open(path, "rb") as f:
            return f.read()

    def test_seen_and_lost_is_what_happened(self):
        watch = self.storm("export")
        trace = watch.trace
        lost = sum(line["count"] for line in trace.of("loss"))
        seen = [line for line in trace.lines if line["type"] in ("fork", "exec", "exit", "reap")
                and not line.get("inferred")]
        # the shell, which becomes the storm: 2 execs, an exit and a reap; N children
        happened = self.N + 2 + (self.N + 1) + (self.N + 1)
        self.assertGreater(lost, 0)
        self.assertEqual(len(seen) + lost, happened)
        self.assertEqual(trace.end["lost"], lost)
        for line in trace.of("loss"):
            self.assertLessEqual(line["since"], line["until"])
            self.assertEqual(line["until"], line["ts"])
        self.assertRegex(clean(watch.stderr), rf"^brood: .*\b{lost}\b.*lost.*\n$|"
                                              rf"^brood: .*lost.*\b{lost}\b.*\n$")

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
