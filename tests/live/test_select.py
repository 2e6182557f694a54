# SPDX-License-Identifier: GPL-2.0-only
"""A part of a trace: a window of time, some of the processes, a subtree.

What is shown of it is what a filter of a few lines leaves of the whole, to the last byte of a
line, wherever in the file reading began.
"""

import json
import os
import random
import subprocess
import unittest

from brood import BUILD, LiveTest, helper, scenario

RETRACE = os.path.join(BUILD, "unit", "retrace")
FACTS = ("fork", "exec", "exit", "reap", "orphan", "zombie")
WINDOWS = 12

# Orphans of several kinds, zombies, threads that leave first, deaths by signal.
ACTS = " ".join("; ".join([
    " ".join(scenario("orphan")), " ".join(scenario("zombie", 150)),
    " ".join(scenario("subreaper")), " ".join(scenario("zombie-orphan")),
    " ".join(scenario("server", 3)), " ".join(helper("storm", "40")),
    "sh -c 'kill -9 $$' & wait", "(sleep 0.3 & exit 0)", " ".join(scenario("pipeline")),
    " ".join(helper("storm", "20", "/bin/true")), "sleep 0.4"]).split())


class Select(LiveTest):

    @classmethod
    def setUpClass(cls):
        cls.whole_file = cls.record_for_all("sh", "-c", ACTS)
        cls.trace = cls.whole_file + "-with-checkpoints"
        subprocess.run([RETRACE, cls.whole_file, cls.trace, "300"], check=True)

    def setUp(self):
        super().setUp()
        self.whole = self.lines(self.whole_file)
        self.end = self.whole[-1]["ts"]

    def lines(self, *args, verb=("export",), status=0):
        run = self.brood(*verb, *args)
        self.assertEqual((run.status, run.stderr), (status, b""), args)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def window(self, a, b, *args):
        return self.lines("--from", f"{a}ns", "--to", f"{b}ns", *args, self.trace)

    def facts(self, lines, a=0, b=None):
        b = self.end if b is None else b
        return [line for line in lines if line["type"] in FACTS and a <= line["ts"] <= b]

    def moment(self, n, of):
        """When n of so many parts of all facts had happened, however long that took."""
        facts = self.facts(self.whole)
        return facts[len(facts) * n // of]["ts"]

    def existing(self, a):
        """IDs of what existed just before a, in order of appearance."""
        there = {}
        for line in self.whole:
            if line["ts"] >= a:
                break
            if line["type"] in ("fork", "snapshot"):
                there[line["id"]] = line
            elif line["type"] == "reap":
                del there[line["id"]]
        return list(there)

    def some_windows(self):
        rnd = random.Random(os.path.getsize(self.trace))
        for _ in range(WINDOWS):
            a = rnd.randrange(1, self.end)
            yield a, min(self.end, a + rnd.randrange(self.end // 2))
        # Where nothing happens, at one moment, and at what happens at the very edges.
        yield self.end - 1, self.end - 1
        middle = self.facts(self.whole)[len(self.whole) // 2]["ts"]
        yield middle, middle
        yield 1, self.end

    def test_same_trace(self):
        """Checkpoints are in the file, and to who reads all of it they are no news."""
        self.assertGreater(os.path.getsize(self.trace), 2 * os.path.getsize(self.whole_file))
        self.assertEqual(self.lines(self.trace), self.whole)

    def test_rest_is_not_read(self):
        """Damage before the checkpoint makes no difference to a window behind it."""
        a = self.moment(9, 10)      # much of the file lies between
        whole = self.window(a, self.end)
        self.trace = self.copy(self.trace)
        with open(self.trace, "r+b") as f:
            f.seek(os.path.getsize(self.trace) // 4)
            f.write(bytes(1000))
        self.assertEqual(self.brood("log", self.trace).status, 3)
        self.assertEqual(self.window(a, self.end), whole)

    def test_windows(self):
        for a, b in self.some_windows():
            with self.subTest(a=a, b=b):
                lines = self.window(a, b)
                self.assertEqual(self.facts(lines), self.facts(self.whole, a, b))
                self.assertEqual([line["type"] for line in (lines[0], lines[-1])],
                                 ["meta", "end"])
                there = [line for line in lines if line["type"] == "snapshot"]
                self.assertEqual([line["id"] for line in there], self.existing(a))
                self.assertTrue(all(line["ts"] == a for line in there))
                end = lines[-1]
                self.assertEqual((end["ts"], end["duration_ns"]), (b, b - a))
                for field, kind in (("forks", "fork"), ("execs", "exec"), ("exits", "exit"),
                                    ("reaps", "reap"), ("orphans", "orphan"),
                                    ("zombies", "zombie")):
                    self.assertEqual(end[field], sum(line["type"] == kind for line in lines))

    def test_with_and_without_checkpoints(self):
        """Every verb shows the same of the file that has them and of that which has none."""
        for verb in ([], ["log"], ["tree", "--no-fold"], ["summary"], ["export"],
                     ["export", "--format", "processes"]):
            for a, b in list(self.some_windows())[:4]:
                with self.subTest(verb=verb, a=a, b=b):
                    shown = [self.brood(*verb, "--from", f"{a}ns", "--to", f"{b}ns", file)
                             for file in (self.trace, self.whole_file)]
                    for run in shown:
                        self.assertEqual((run.status, run.stderr), (0, b""))
                    self.assertEqual(shown[0].stdout, shown[1].stdout)

    def test_cut_short(self):
        """No END, no index; the window is there all the same, and nothing is said of it."""
        # Where the machine was slow, half of the time is most of the file.
        a, b = self.moment(1, 3), self.moment(1, 2)
        whole = self.window(a, b)
        self.trace = self.copy(self.trace)
        os.truncate(self.trace, os.path.getsize(self.trace) * 9 // 10)
        self.assertEqual(self.window(a, b), whole)
        run = self.brood("export", "--from", f"{a}ns", self.trace)
        self.assertEqual(run.status, 3)
        self.assertIn(b"cut short", run.stderr)

    def test_wall_clock(self):
        first, last = self.facts(self.whole)[5], self.facts(self.whole)[-5]
        lines = self.lines("--from", first["time"], "--to", last["time"], self.trace)
        self.assertEqual(self.facts(lines), self.facts(self.whole, first["ts"], last["ts"]))

    def descendants(self, root):
        below = {root}
        for line in self.whole:
            if line["type"] == "fork" and line["parent"] in below:
                below.add(line["id"])
        return below

    def test_under(self):
        forked = [line for line in self.whole if line["type"] == "fork"]
        for root in (self.whole[1], forked[0], forked[-1]):
            below = self.descendants(root["id"])
            want = [line for line in self.facts(self.whole) if line["id"] in below]
            for name in (root["id"], str(root["pid"])):
                with self.subTest(root=name):
                    self.assertEqual(self.facts(self.lines("--under", name, self.trace)), want)
            rows = self.lines("--format", "processes", "--under", root["id"], self.trace)
            self.assertEqual({row["id"] for row in rows}, below)
            a, b = self.end // 4, self.end // 2
            if root["ts"] <= b:
                self.assertEqual(self.facts(self.window(a, b, "--under", root["id"])),
                                 [line for line in want if a <= line["ts"] <= b])
        # What comes only later is not read, so nothing is known of it.
        run = self.brood("log", "--under", forked[-1]["id"], "--to", "0", self.trace)
        self.assertEqual(run.status, 1)
        self.assertIn(b"in what was read of the trace", run.stderr)

    def test_tree_under(self):
        """The subtree is the tree."""
        server = next(line for line in self.whole if line["type"] == "exec" and
                      line["comm"] == "server")
        run = self.brood("tree", "--no-fold", "--under", server["id"], self.trace)
        text = run.stdout.decode()
        self.assertRegex(text, rf"\A{server['pid']} \S*server 3 ")
        self.assertEqual(len(text.partition("\n\n")[0].splitlines()), 4, text)

    def test_pid_and_comm(self):
        pid = self.facts(self.whole)[-1]["pid"]
        self.assertEqual(self.facts(self.lines("--pid", str(pid), self.trace)),
                         [line for line in self.facts(self.whole) if line["pid"] == pid])
        for names in (["storm"], ["orphan", "true"]):
            args = [word for name in names for word in ("--comm", name)]
            want = [line for line in self.facts(self.whole) if line["comm"] in names]
            self.assertTrue(want)
            self.assertEqual(self.facts(self.lines(*args, self.trace)), want)
            self.assertEqual(self.facts(self.lines(*args, "--pid", str(want[0]["pid"]), self.trace)),
                             [line for line in want if line["pid"] == want[0]["pid"]])

    def test_nothing(self):
        beyond = self.lines("--from", "1h", self.trace)
        self.assertEqual([line["type"] for line in beyond], ["meta", "end"])
        self.assertEqual(self.lines("--format", "processes", "--pid", "4194305", self.trace), [])
        run = self.brood("tree", "--comm", "nobody", self.trace)
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.assertIn(b"No process was seen.", run.stdout)
        run = self.brood("tree", "--under", "4194305", self.trace)
        self.assertEqual((run.status, run.stdout), (1, b""))
        self.assertEqual(run.stderr, b"brood: --under: no process 4194305 in what was read of "
                                     b"the trace\n")


if __name__ == "__main__":
    unittest.main()
