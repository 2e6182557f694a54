# SPDX-License-Identifier: GPL-2.0-only
"""Every bundled scenario, and the exact facts that brood must tell of it.

The table in src/scenarios/README.md says what these programs do.  The adopter outside the
scenario is the reaper that brood itself runs below.
"""

import re
import unittest

from brood import LiveTest, scenario

MS = 1_000_000


class Scenarios(LiveTest):

    def play(self, name, *args, **how):
        """Follow a scenario that ends well, was born before and is reaped by brood."""
        run = self.follow(scenario(name, *args), **how)
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.file = scenario(name)[0]
        command = run.command
        self.assertEqual(run.trace.meta["command"], scenario(name, *args))
        self.assertEqual(command.execs[0]["file"], self.file)
        self.assertEqual(command.execs[0]["args"], scenario(name, *args))
        self.assertEqual(command.comms[-1], name)
        self.assertEqual(command.code, 0)
        self.assertReapedBy(command, command.snapshot["ppid"])
        self.assertEqual(command.reap["by"]["comm"], "brood")
        self.assertIsNone(command.orphan)
        for p in run.trace.processes.values():
            if p.fork:
                self.assertEqual(p.fork["creator"],
                                 {"pid": p.fork["ppid"], "tid": p.fork["ppid"]})
        return run

    def assertLifeInOrder(self, *lines):
        for before, after in zip(lines, lines[1:]):
            self.assertLess(before["seq"], after["seq"], (before, after))

    # --- one child ----------------------------------------------------------------------

    def test_program(self):
        """One program, two processes: two execs of one file."""
        run = self.play("program")
        self.assertCounts(run.trace, forks=1, execs=2, exits=2)
        child = run.trace.child_of(run.command)
        self.assertEqual(child.code, 0)
        self.assertEqual([e["args"] for e in child.execs], [["program", "second"]])
        self.assertEqual(child.execs[0]["file"], self.file)
        self.assertEqual(child.comms, ["program"])
        self.assertReapedBy(child, run.command)
        said = run.stdout.decode()
        self.assertIn(f"first instance: PID {run.command.pid} of {self.file}", said)
        self.assertIn(f"second instance: PID {child.pid} of {self.file}, "
                      f"birth parent {run.command.pid}", said)

    def test_fork(self):
        run = self.play("fork")
        self.assertCounts(run.trace, forks=1, execs=1, exits=2)
        child = run.trace.child_of(run.command)
        self.assertEqual((child.code, child.execs, child.comms), (7, [], ["fork"]))
        self.assertEqual(child.fork["parent"], run.command.id)
        self.assertReapedBy(child, run.command)
        self.assertLifeInOrder(child.fork, child.exit, child.reap)
        self.assertLifeInOrder(run.command.execs[0], child.fork, child.exit, run.command.exit)

    def test_fork_exec(self):
        run = self.play("fork-exec")
        self.assertCounts(run.trace, forks=1, execs=2, exits=2)
        child = run.trace.child_of(run.command)
        self.assertEqual(child.code, 0)
        self.assertEqual(child.comms, ["fork-exec", "echo"])
        self.assertEqual(child.execs[0]["file"], "/bin/echo")
        self.assertEqual(child.execs[0]["args"], ["echo", "hello", "from", str(child.pid)])
        self.assertReapedBy(child, run.command)
        self.assertLifeInOrder(child.fork, child.execs[0], child.exit, child.reap)
        self.assertIn(f"hello from {child.pid}\n", run.stdout.decode())

    # --- waiting, and not waiting ---------------------------------------------------------

    def assertWaited(self, n, *args):
        run = self.play("wait", *args)
        self.assertCounts(run.trace, forks=n, execs=1, exits=n + 1)
        children = run.command.children
        self.assertEqual([c.code for c in children], list(range(1, n + 1)))
        self.assertEqual(run.trace.exits, children[::-1] + [run.command])
        last_fork = run.trace.of("fork")[-1]
        self.assertLess(last_fork["seq"], children[-1].exit["seq"], "all are born first")
        for child in children:
            self.assertReapedBy(child, run.command)
        if run.trace.meta["reap_source"] == "release_task":
            reaps = run.trace.of("reap")
            self.assertEqual([r["id"] for r in reaps],
                             [c.id for c in children] + [run.command.id])

    def test_wait(self):
        self.assertWaited(3)

    def test_wait_for_many(self):
        self.assertWaited(20, 20)

    def test_zombie(self):
        """The child is a zombie for as long as its parent lives, and flagged after 100 ms."""
        run = self.play("zombie", 400, zombie_after_ms=100)
        child = run.trace.child_of(run.command)
        self.assertCounts(run.trace, forks=1, execs=1, exits=2,
                          zombies=1 + (run.command.zombie is not None))
        self.assertEqual(child.code, 3)
        self.assertEqual(child.zombie["ts"], child.exit["ts"] + 100 * MS)
        self.assertEqual(child.zombie["since"], child.exit["ts"])
        self.assertEqual(child.zombie["parent"], run.command.id)
        self.assertGreaterEqual(run.command.exit["ts"] - child.exit["ts"], 400 * MS)
        self.assertIsNone(child.orphan, "a zombie is dead, and no orphan")
        if child.reap:      # by the adopter; the end of the trace need not wait for that
            self.assertGreater(child.reap["ts"], run.command.exit["ts"])
            self.assertReapedBy(child, run.reaper)
            self.assertGreaterEqual(child.reap["zombie_ns"], 400 * MS)
        self.assertIn(f"my child {child.pid} exited with 3", run.stdout.decode())

    def test_zombie_orphan(self):
        """A zombie whose parent dies is handed to the adopter, which reaps it; no orphan."""
        run = self.play("zombie-orphan")
        self.assertCounts(run.trace, forks=2, execs=1, exits=3)
        parent = run.trace.child_of(run.command)
        child = run.trace.child_of(parent)
        self.assertEqual((child.code, parent.code), (4, 0))
        self.assertEqual(run.trace.exits, [child, parent, run.command])
        self.assertReapedBy(parent, run.command)
        self.assertReapedBy(child, run.reaper)
        self.assertEqual(child.exit["parent"], parent.id)

    # --- adoption ---------------------------------------------------------------------------

    def test_orphan(self):
        run = self.play("orphan", 120)
        self.assertCounts(run.trace, forks=2, execs=1, exits=3, orphans=1)
        middle = run.trace.child_of(run.command)
        orphan = run.trace.child_of(middle)
        self.assertEqual((middle.code, orphan.code), (0, 0))
        self.assertEqual(run.trace.exits, [middle, orphan, run.command])
        self.assertReapedBy(middle, run.command)
        self.assertEqual(orphan.fork["parent"], middle.id)
        self.assertEqual(orphan.orphan["old_parent"], middle.id)
        self.assertEqual(orphan.orphan["new_ppid"], run.reaper)
        self.assertEqual(orphan.orphan["new_parent_comm"], "reaper")
        self.assertEqual(orphan.orphan["ts"], middle.exit["ts"], "the moment of its parent's exit")
        self.assertEqual(orphan.exit["parent"], orphan.orphan["new_parent"])
        self.assertReapedBy(orphan, run.reaper)
        self.assertEqual(orphan.reap["by"]["id"], orphan.orphan["new_parent"])
        self.assertGreaterEqual(orphan.exit["ts"] - orphan.orphan["ts"], 120 * MS)
        self.assertIn(f"orphan {orphan.pid}: born by {middle.pid}, adopted by {run.reaper}\n",
                      run.stdout.decode())

    def test_subreaper(self):
        run = self.play("subreaper", 50)
        self.assertCounts(run.trace, forks=2, execs=1, exits=3, orphans=1)
        middle = run.trace.child_of(run.command)
        orphan = run.trace.child_of(middle)
        self.assertEqual((middle.code, orphan.code), (0, 5))
        self.assertEqual(run.trace.exits, [middle, orphan, run.command])
        self.assertEqual(orphan.orphan["old_parent"], middle.id)
        self.assertEqual(orphan.orphan["new_parent"], run.command.id)
        self.assertEqual(orphan.orphan["new_ppid"], run.command.pid)
        self.assertEqual(orphan.orphan["new_parent_comm"], "subreaper")
        self.assertEqual(orphan.exit["parent"], run.command.id)
        self.assertReapedBy(middle, run.command)
        self.assertReapedBy(orphan, run.command)

    # --- several at the same time -------------------------------------------------------------

    def assertServed(self, n, *args):
        run = self.play("server", *args)
        self.assertCounts(run.trace, forks=n, execs=1, exits=n + 1)
        self.assertEqual(len(run.command.children), n)
        for i, child in enumerate(run.command.children, 1):
            self.assertEqual((child.code, child.execs), (0, []))
            self.assertReapedBy(child, run.command)
            self.assertGreaterEqual(child.exit["duration_ns"], i * 50 * MS)
            self.assertGreaterEqual(child.exit["ts"] - child.fork["ts"], i * 50 * MS)
        self.assertEqual(run.stdout.decode().splitlines()[-1],
                         f"server {run.command.pid}: served {n} clients")

    def test_server(self):
        self.assertServed(3)

    def test_server_with_more_clients(self):
        self.assertServed(6, 6)

    def test_pipeline(self):
        run = self.play("pipeline")
        self.assertCounts(run.trace, forks=3, execs=4, exits=4)
        args = [["seq", "1000"], ["grep", "7"], ["wc", "-l"]]
        self.assertEqual([[e["args"] for e in c.execs] for c in run.command.children],
                         [[a] for a in args])
        for child, words in zip(run.command.children, args):
            self.assertEqual(child.comms, ["pipeline", words[0]])
            self.assertEqual(child.code, 0)
            self.assertTrue(child.execs[0]["file"].endswith("/" + words[0]))
            self.assertReapedBy(child, run.command)
        self.assertEqual(run.stdout.decode().splitlines()[0], "271")
        self.assertEqual(len(re.findall(r"exited with 0$", run.stdout.decode(), re.M)), 3)


if __name__ == "__main__":
    unittest.main()
