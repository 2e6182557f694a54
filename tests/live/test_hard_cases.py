# SPDX-License-Identifier: GPL-2.0-only
"""What process tracers get wrong, one test a case, beside those that stand elsewhere:

    exec by a thread that is not the leader   test_lifecycle.Threads.test_exec_by_a_thread
    threads that exit at once                 test_lifecycle.Threads.test_leave_together
    CLONE_PARENT, vfork                       test_lifecycle.Parents
    autoreap                                  test_lifecycle.Autoreap
    orphan of an orphan                       test_lifecycle.Parents.test_orphan_of_an_orphan
    subreaper that dies                       test_lifecycle.Parents.test_nested_subreapers
    init of a PID namespace that dies         test_lifecycle.Namespaces
    name given by prctl, no arguments at all  test_lifecycle.Execs
    arguments and paths of any bytes, length  test_hostile.Exact, test_hostile.Long

All of them together, at random and mixed: test_grove.
"""

import os
import signal
import unittest

from brood import LiveTest, Watch, helper, is_zombie, wait_until


class LeaderExitsFirst(LiveTest):
    """A process ends with its last thread, whoever left before."""

    def test_status_is_what_wait_says(self):
        """Each thread left by itself: until Linux 5.16 the leader's status, since then the
        last one's.  The leader left with 5, the last with 6."""
        run = self.follow(helper("threads", "leader-first"))
        release = tuple(int(n) for n in os.uname().release.split(".")[:2])
        self.assertEqual(run.status, 5 if release < (5, 17) else 6)
        self.assertEqual(run.command.code, run.status)
        self.assertCounts(run.trace, execs=1, exits=1)

    def test_unless_exit_group(self):
        """A thread called exit_group(7) after the leader had left with 5: 7 counts."""
        run = self.follow(helper("cases", "leader-first-group"))
        self.assertEqual((run.status, run.command.code), (7, 7))
        self.assertCounts(run.trace, execs=1, exits=1)


class OnePidThreeLives(LiveTest):

    def lives(self, run, match):
        found = [p for p in run.trace.processes.values() if p.fork and match(p)]
        self.assertEqual([p.code for p in found][-3:], [1, 2, 3])
        return found[-3:]

    def test_on_the_machine(self):
        """Three processes in a row that bear the same number."""
        run = self.follow(helper("cases", "thrice"))
        self.assertEqual(run.status, 0, run.stderr)
        pid = int(run.stdout.split()[-1])
        lives = self.lives(run, lambda p: p.pid == pid)
        self.assertEqual(len({p.id for p in lives}), 3)
        for before, after in zip(lives, lives[1:]):
            self.assertLess(before.start_ns, after.start_ns)
            self.assertLess(before.exit["seq"], after.fork["seq"])
        for p in lives:
            self.assertReapedBy(p, run.command)

    def test_in_a_namespace(self):
        """The same number there, another one here: ns_pid repeats, pid does not."""
        run = self.follow(helper("cases", "thrice-within"))
        self.assertEqual(run.status, 0, run.stderr)
        init = run.trace.child_of(run.command)
        lives = self.lives(run, lambda p: p.fork["parent"] == init.id)
        self.assertEqual([p.fork["ns_pid"] for p in lives], [2, 2, 2])
        self.assertEqual(len({p.id for p in lives}), 3)
        for p in lives:
            self.assertReapedBy(p, init)


class Adoption(LiveTest):

    def test_by_another_thread_is_none(self):
        """The thread that forked it is gone; its process is its parent as before."""
        run = self.follow(helper("cases", "thread-parent"))
        self.assertEqual(run.status, 0, run.stderr)
        child = run.trace.child_of(run.command)
        _, thread, _, pid = run.stdout.split()
        self.assertEqual(child.pid, int(pid))
        self.assertEqual(child.fork["creator"], {"pid": run.command.pid, "tid": int(thread)})
        self.assertEqual(child.orphans, [])
        self.assertEqual((child.code, child.exit["parent"]), (4, run.command.id))
        self.assertReapedBy(child, run.command)

    def test_during_exec(self):
        """A hundred that become another program at the moment when their parent ends."""
        run = self.follow(helper("cases", "adopted-in-exec"), "--wait-all")
        self.assertCounts(run.trace, forks=200, execs=101, exits=201, orphans=100)
        for parent in run.command.children:
            child = run.trace.child_of(parent)
            self.assertEqual([e["args"] for e in child.execs],
                             [["cases", "adopted", str(parent.pid)]])
            self.assertIn(child.execs[0]["ppid"], (parent.pid, run.reaper))
            self.assertEqual([o["new_ppid"] for o in child.orphans], [run.reaper])
            self.assertEqual((child.code, child.exit["ppid"]), (8, run.reaper))
            self.assertReapedBy(child, run.reaper)


class Zombies(LiveTest):

    def test_traced(self):
        """The tracer is told of the end first, which is no reap: its parent does that."""
        run = self.follow(helper("cases", "traced"))
        self.assertEqual(run.status, 0, run.stderr)
        self.assertCounts(run.trace, forks=2, execs=1, exits=3)
        traced, tracer = run.command.children
        self.assertEqual((traced.comm, traced.code), ("traced", 10))
        self.assertLess(traced.exit["seq"], tracer.exit["seq"])
        self.assertEqual((traced.exit["parent"], traced.orphans), (run.command.id, []))
        self.assertReapedBy(traced, run.command)
        self.assertReapedBy(tracer, run.command)
        self.assertFalse(traced.reap["autoreap"])

    def test_looked_at_with_wnowait(self):
        """waitid(WNOWAIT) tells of the end and leaves the zombie: no reap before the real one."""
        read, write = os.pipe()
        watch = Watch(self, "export", command=helper("cases", "wnowait"), stdin=read,
                      zombie_after_ms=50, stdout=write_to(self, "said"))
        os.close(read)
        pid = wait_until(lambda: said(self, "said"), "it was looked at")
        watch.wait_for(f'"type":"zombie",[^\\n]*"pid":{pid},')
        self.assertTrue(is_zombie(pid))
        self.assertNotIn(b'"type":"reap"', watch.seen())
        os.close(write)
        watch.finish()
        child = watch.trace.child_of(watch.trace.command)
        self.assertEqual((child.pid, child.code), (pid, 6))
        self.assertReapedBy(child, watch.trace.command)
        self.assertGreater(child.reap["zombie_ns"], 50_000_000)


class Killed(LiveTest):

    def test_by_the_one_signal_that_is_not_ignored(self):
        """Who sent it is told of a signal that kills, whatever is done about its neighbours."""
        run = self.follow(helper("cases", "quit"))
        self.assertEqual(run.status, 128 + signal.SIGQUIT)
        self.assertEqual(run.command.exit["killed_by"]["id"], run.command.id)


class DeletedProgram(LiveTest):

    def test_executed_and_executed_again(self):
        """Its file has no name any more: told is what exec() was given."""
        run = self.follow(helper("cases", "deleted"), cwd=self.dir)
        self.assertEqual(run.status, 3, run.stderr)
        self.assertFalse(os.path.exists(self.path("doomed")))
        first, second, third = run.command.execs
        self.assertEqual(first["file"], helper("cases")[0])
        self.assertRegex(second["file"], r"^/(dev|proc/self)/fd/\d+$")
        self.assertEqual(second["args"], ["cases", "deleted-life"])
        self.assertEqual((third["file"], third["args"]), ("/proc/self/exe", ["cases", "nothing"]))
        self.assertEqual(third["comm"], "exe")


def write_to(test, name):
    """A file for the output of a program."""
    return os.open(test.path(name), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)


def said(test, name):
    """The number at the end of the one line that it wrote; None: not yet."""
    with open(test.path(name), "rb") as f:
        line = f.read()
    return int(line.split()[-1]) if line.endswith(b"\n") else None


if __name__ == "__main__":
    unittest.main()
