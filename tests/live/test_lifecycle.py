# SPDX-License-Identifier: GPL-2.0-only
"""What a process is: three parents, threads, adoption, ends, one PID after another."""

import os
import signal
import unittest

from brood import LiveTest, Watch, helper
from trace_lines import args_of


class Parents(LiveTest):

    def test_clone_parent(self):
        """The creator is one process, the birth parent another; the latter waits."""
        run = self.follow(helper("clones", "parent"))
        self.assertCounts(run.trace, forks=2, execs=1, exits=3)
        middle, sibling = run.command.children
        self.assertEqual(middle.fork["flags"], ["CHILD_CLEARTID", "CHILD_SETTID"])
        self.assertEqual(sibling.fork["flags"], ["PARENT"])
        self.assertEqual(sibling.fork["creator"], {"pid": middle.pid, "tid": middle.pid})
        self.assertEqual(sibling.fork["parent"], run.command.id)
        self.assertEqual(sibling.fork["ppid"], run.command.pid)
        self.assertEqual(sibling.code, 6)
        self.assertIsNone(sibling.orphan, "its creator ended, but that is not its parent")
        self.assertReapedBy(sibling, run.command)
        self.assertReapedBy(middle, run.command)

    def test_vfork(self):
        run = self.follow(helper("clones", "vfork"))
        child = run.trace.child_of(run.command)
        self.assertEqual(child.fork["flags"], ["VM", "VFORK"])
        self.assertEqual(child.execs[0]["args"], ["true", "by", "vfork"])
        self.assertEqual(child.comms, ["clones", "true"])
        self.assertReapedBy(child, run.command)
        self.assertCounts(run.trace, forks=1, execs=2, exits=2)

    def test_posix_spawn(self):
        run = self.follow(helper("clones", "spawn"))
        child = run.trace.child_of(run.command)
        self.assertIn("VM", child.fork["flags"])
        self.assertIn("VFORK", child.fork["flags"])
        self.assertEqual(child.execs[0]["args"], ["true", "by", "spawn"])
        self.assertCounts(run.trace, forks=1, execs=2, exits=2)

    def test_fork_by_a_thread(self):
        run = self.follow(helper("threads", "fork"))
        child = run.trace.child_of(run.command)
        tid = int(run.stdout.split()[1])
        self.assertEqual(child.fork["creator"], {"pid": run.command.pid, "tid": tid})
        self.assertNotEqual(tid, run.command.pid)
        self.assertEqual(child.fork["parent"], run.command.id)
        self.assertEqual(child.code, 8)
        self.assertReapedBy(child, run.command)

    def test_orphan_of_an_orphan(self):
        run = self.follow(helper("families", "orphans"))
        self.assertCounts(run.trace, forks=3, execs=1, exits=4, orphans=2)
        second = run.trace.child_of(run.command)
        third = run.trace.child_of(second)
        fourth = run.trace.child_of(third)
        self.assertEqual(run.trace.exits, [second, third, fourth, run.command])
        self.assertEqual([p.code for p in (second, third, fourth)], [2, 3, 4])
        self.assertEqual(third.orphan["old_parent"], second.id)
        self.assertEqual(fourth.orphan["old_parent"], third.id)
        for orphan in (third, fourth):
            self.assertEqual(orphan.orphan["new_ppid"], run.reaper)
            self.assertEqual(orphan.exit["ppid"], run.reaper)
            self.assertReapedBy(orphan, run.reaper)

    def test_nested_subreapers(self):
        """The nearest adopts; when it ends, the next one does."""
        run = self.follow(helper("families", "nested"))
        outer = run.command
        inner = run.trace.child_of(outer)
        middle = run.trace.child_of(inner)
        leaf = run.trace.child_of(middle)
        self.assertCounts(run.trace, forks=3, execs=1, exits=4, orphans=2)
        self.assertEqual([(line["old_parent"], line["new_parent"]) for line in leaf.orphans],
                         [(middle.id, inner.id), (inner.id, outer.id)])
        self.assertEqual(run.trace.exits, [middle, inner, leaf, outer])
        self.assertReapedBy(middle, inner)
        self.assertReapedBy(inner, outer)
        self.assertReapedBy(leaf, outer)
        self.assertEqual(leaf.exit["parent"], outer.id)

    def test_computed_adoptions_are_confirmed(self):
        """What was computed at the parent's exit is what the child's own exit says.

        Of an orphan that is handed on again, the last adopter is the one it can tell.
        """
        run = self.view("summary", helper("families", "orphans"))
        self.assertIn("2 confirmed by the kernel, 0 ", " ".join(run.text.split()))
        run = self.view("summary", helper("families", "nested"))
        self.assertRegex(" ".join(run.text.split()),
                         r"1 confirmed by the kernel, 0 \w+, 1 unchecked")

    def test_finding_names_both_adopters(self):
        run = self.view("summary", helper("families", "nested"))
        said = " ".join(run.text.split())
        self.assertRegex(said, r"adopted by (\d+) inner and later by (\d+) outer, "
                               r"which reaped it (at|by) ")

    def test_subreaper_within_the_trace(self):
        """The command itself is a subreaper: it adopts, although nearer ancestors live."""
        run = self.follow([*helper("reaper"), *helper("families", "orphans")])
        reaper = run.command
        self.assertCounts(run.trace, forks=4, execs=2, exits=5, orphans=2)
        for p in run.trace.processes.values():
            if p.orphan:
                self.assertEqual(p.orphan["new_parent"], reaper.id)
                self.assertReapedBy(p, reaper)


class Threads(LiveTest):

    def test_make_no_lines(self):
        for act, exits in (("three", 1), ("exit", 1), ("leader-first", 1)):
            run = self.follow(helper("threads", act))
            self.assertCounts(run.trace, execs=1, exits=exits)
            self.assertEqual(run.trace.end["events"], 4, "snapshot, exec, exit, reap")

    def test_are_told_on_demand(self):
        run = self.follow(helper("threads", "three"), "--threads")
        tids = [int(line.split()[1]) for line in run.stdout.splitlines()]
        starts, ends = run.trace.of("thread_start"), run.trace.of("thread_exit")
        self.assertEqual([line["tid"] for line in starts], tids)
        self.assertEqual([line["tid"] for line in ends], tids)
        pid = run.command.pid
        for line in starts:
            self.assertEqual(line["creator"], {"pid": pid, "tid": pid})
            self.assertEqual(line["id"], run.command.id)
        self.assertCounts(run.trace, execs=1, exits=1)

    def test_workers_that_the_kernel_starts(self):
        """io_uring's: sched_process_fork does not fire for them, task_newtask does."""
        run = self.follow(helper("threads", "worker"), "--threads")
        if run.status == 77:
            self.skipTest("no io_uring here")
        starts, ends = run.trace.of("thread_start"), run.trace.of("thread_exit")
        self.assertTrue(starts)
        self.assertEqual({line["tid"] for line in starts}, {line["tid"] for line in ends})
        for line in starts:
            self.assertEqual(line["creator"]["pid"], run.command.pid)
        self.assertCounts(run.trace, execs=1, exits=1)

    def test_exit_group(self):
        """One thread ends them all: one exit, its code."""
        run = self.follow(helper("threads", "exit"))
        self.assertEqual((run.status, run.command.code), (11, 11))

    def test_leader_leaves_first(self):
        """The process ends with its last thread.  Its status is what wait() says."""
        run = self.follow(helper("threads", "leader-first"), "--threads")
        survivor = int(run.stdout.split()[1])
        self.assertEqual(run.command.code, run.status)
        self.assertEqual(len(run.trace.of("exit")), 1)
        last = run.trace.of("thread_exit")[-1]
        self.assertEqual(last["tid"], survivor)
        self.assertLess(last["seq"], run.command.exit["seq"])

    def test_leave_together(self):
        """Whichever is the last, a process has one end: 50 times four threads."""
        run = self.follow(helper("threads", "together"))
        self.assertCounts(run.trace, forks=50, execs=1, exits=51)
        for child in run.command.children:
            self.assertEqual(child.code, 0)
            self.assertReapedBy(child, run.command)

    def test_exec_by_a_thread(self):
        """The thread takes over the leader's PID; the process stays who it was."""
        for options in ([], ["--threads"]):
            run = self.follow(helper("threads", "exec"), *options)
            tid = int(run.stdout.split()[1])
            self.assertEqual(len(run.trace.processes), 1)
            first, second = run.command.execs
            self.assertNotIn("old_tid", first)
            self.assertEqual(second["old_tid"], tid)
            self.assertEqual(second["args"], ["true", "from", "a", "thread"])
            self.assertEqual(run.command.comms[-1], "true")
            self.assertEqual((run.status, run.command.code), (0, 0))
            self.assertReapedBy(run.command, run.command.snapshot["ppid"])
            self.assertCounts(run.trace, execs=2, exits=1)


class Deaths(LiveTest):

    def victim(self, act):
        run = self.follow(helper("deaths", act))
        self.assertEqual(run.status, 0, run.stderr)
        self.assertCounts(run.trace, forks=1, execs=1, exits=2)
        victim = run.trace.child_of(run.command)
        self.assertReapedBy(victim, run.command)
        return run.command, victim

    def assertKilled(self, victim, sig, by):
        self.assertEqual(victim.signal, sig)
        self.assertEqual(victim.exit["signal_name"], signal.Signals(sig).name)
        self.assertIs(victim.exit["core"], False)
        if by is None:
            self.assertNotIn("killed_by", victim.exit)
        else:
            self.assertEqual((victim.exit["killed_by"]["pid"], victim.exit["killed_by"]["id"]),
                             (by.pid, by.id))

    def test_killed_by_another(self):
        command, victim = self.victim("term")
        self.assertKilled(victim, signal.SIGTERM, command)
        self.assertEqual(victim.exit["killed_by"]["comm"], "deaths")
        command, victim = self.victim("kill")
        self.assertKilled(victim, signal.SIGKILL, command)

    def test_abort(self):
        _, victim = self.victim("abort")
        self.assertKilled(victim, signal.SIGABRT, victim)

    def test_fault(self):
        """Nobody sent it: the kernel did."""
        _, victim = self.victim("segv")
        self.assertKilled(victim, signal.SIGSEGV, None)

    def test_signal_before_was_survived(self):
        command, victim = self.victim("survived")
        self.assertKilled(victim, signal.SIGKILL, command)

    def test_signal_that_was_ignored_killed_nobody(self):
        _, victim = self.victim("ignored")
        self.assertEqual(victim.code, 12)

    def test_killed_from_outside_the_trace(self):
        watch = Watch(self, "export", command=["sleep", "1000"])
        watch.wait_for('"type":"exec"')
        killer = self.start(["sh", "-c", f"kill -USR1 {watch.command_pid()}"])
        killer.wait()
        watch.finish(128 + signal.SIGUSR1)
        by = watch.trace.command.exit["killed_by"]
        self.assertEqual((by["pid"], by["comm"]), (killer.pid, "sh"))

    def test_every_exit_code(self):
        """0 to 255: no code is mistaken for a signal."""
        codes = [0, 1, 2, 9, 15, 126, 127, 128, 137, 143, 255]
        script = "; ".join(f"(exit {c})" for c in codes)
        run = self.follow(["bash", "-c", script + "; exit 0"])
        self.assertEqual([c.code for c in run.command.children], codes)


class Autoreap(LiveTest):

    def assertAutoreaped(self, act):
        run = self.follow(helper("families", act))
        self.assertEqual(run.status, 0)
        self.assertCounts(run.trace, forks=2, execs=1, exits=3)
        self.assertEqual([c.code for c in run.command.children], [1, 2])
        for child in run.command.children:
            self.assertTrue(child.exit["autoreap"])
            self.assertTrue(child.reap["autoreap"])
            self.assertIsNone(child.reap["by"], "nobody waits")
            self.assertIsNone(child.zombie)
        if run.trace.meta["reap_source"] == "sched_process_free":
            self.assertEqual([c.reap["zombie_ns"] for c in run.command.children], [0, 0])
        self.assertFalse(run.command.exit["autoreap"])

    def test_sigchld_ignored(self):
        self.assertAutoreaped("ignore")

    def test_sa_nocldwait(self):
        self.assertAutoreaped("nocldwait")

    def test_zombie_when_nobody_waits(self):
        """For comparison: flagged while it is one, and reaped when its parent waits."""
        read, write = os.pipe()
        watch = Watch(self, "export", command=helper("families", "zombie"), stdin=read,
                      zombie_after_ms=100)
        os.close(read)
        watch.wait_for('"type":"zombie"')
        os.close(write)
        watch.finish()
        child = watch.trace.child_of(watch.trace.command)
        self.assertEqual((child.code, child.zombie["parent"]), (5, watch.trace.command.id))
        self.assertReapedBy(child, watch.trace.command)
        self.assertGreater(child.reap["zombie_ns"], 100_000_000)
        self.assertCounts(watch.trace, forks=1, execs=1, exits=2,
                          zombies=len(watch.trace.of("zombie")))


class Namespaces(LiveTest):

    def test_init_that_dies_takes_all_along(self):
        run = self.follow(helper("clones", "newpid"))
        init = run.trace.child_of(run.command)
        self.assertCounts(run.trace, forks=3, execs=1, exits=4)
        self.assertIn("NEWPID", init.fork["flags"])
        self.assertEqual(init.fork["ns_pid"], 1)
        self.assertEqual(init.code, 0)
        self.assertNotEqual(init.fork["pid_ns"], run.command.snapshot["pid_ns"])
        self.assertEqual([c.fork["ns_pid"] for c in init.children], [2, 3])
        for inmate in init.children:
            self.assertEqual(inmate.fork["pid_ns"], init.fork["pid_ns"])
            self.assertEqual(inmate.signal, signal.SIGKILL)
            self.assertEqual(inmate.orphans, [], "init dies with them; nobody adopts")
            # The kernel has it ignore SIGCHLD for that (kernel/pid_namespace.c).
            self.assertTrue(inmate.exit["autoreap"] and inmate.reap["autoreap"])
            self.assertIsNone(inmate.reap["by"])
        self.assertReapedBy(init, run.command)

    def test_unshare(self):
        run = self.follow(["unshare", "--pid", "--fork", "sh", "-c", "/bin/true; :"])
        init = run.trace.child_of(run.command)
        child = run.trace.child_of(init)
        self.assertEqual((init.fork["ns_pid"], child.fork["ns_pid"]), (1, 2))
        self.assertEqual(init.fork["pid_ns"], child.fork["pid_ns"])
        self.assertEqual(run.command.snapshot["pid_ns"], os.stat("/proc/self/ns/pid").st_ino)
        self.assertEqual(run.command.snapshot["ns_pid"], run.command.pid)
        self.assertReapedBy(child, init)

    def test_orphans_within(self):
        """In a PID namespace of its own, the adopter is its init."""
        run = self.follow(["unshare", "--pid", "--fork", *helper("reaper"),
                           *helper("families", "orphans")])
        init = run.trace.child_of(run.command)
        orphans = [p for p in run.trace.processes.values() if p.orphan]
        self.assertEqual(len(orphans), 2)
        for p in orphans:
            self.assertEqual(p.orphan["new_parent"], init.id)
            self.assertReapedBy(p, init)


class OnePidAfterAnother(LiveTest):

    def test_reuse(self):
        """Two lives under one PID are two processes."""
        run = self.follow(helper("clones", "reuse"))
        self.assertEqual(run.status, 0, run.stderr)
        pid = int(run.stdout.split()[1])
        first, second = [p for p in run.trace.processes.values() if p.pid == pid]
        self.assertNotEqual(first.id, second.id)
        self.assertLess(first.start_ns, second.start_ns)
        self.assertEqual((first.code, second.code), (1, 2))
        self.assertReapedBy(first, run.command)
        self.assertReapedBy(second, run.command)
        self.assertLess(first.exit["seq"], second.fork["seq"])


class Execs(LiveTest):

    def test_script(self):
        """The file is the script, the interpreter is told beside it."""
        script = self.path("script")
        with open(script, "w", encoding="ascii") as f:
            f.write("#!/bin/sh -e\nexit 4\n")
        os.chmod(script, 0o755)
        run = self.follow([script, "arg"])
        line = run.command.execs[0]
        self.assertEqual((line["file"], line["interp"]), (script, "/bin/sh"))
        self.assertEqual(line["args"], ["/bin/sh", "-e", script, "arg"])
        self.assertEqual((run.status, run.command.comms[-1]), (4, "script"))

    def test_script_of_a_script(self):
        inner, outer = self.path("inner"), self.path("outer")
        for path, interpreter in ((inner, "/bin/sh"), (outer, inner)):
            with open(path, "w", encoding="ascii") as f:
                f.write(f"#!{interpreter}\nexit 6\n")
            os.chmod(path, 0o755)
        run = self.follow([outer])
        line = run.command.execs[0]
        self.assertEqual((line["file"], line["interp"]), (outer, "/bin/sh"))
        self.assertEqual(line["args"], ["/bin/sh", inner, outer])
        self.assertEqual(run.status, 6)

    def test_no_interpreter(self):
        run = self.follow(["true"])
        self.assertNotIn("interp", run.command.execs[0])

    def test_several_in_one_life(self):
        run = self.follow(["sh", "-c", "exec env sh -c 'exec true'"])
        self.assertEqual([e["comm"] for e in run.command.execs], ["sh", "env", "sh", "true"])
        self.assertCounts(run.trace, execs=4, exits=1)

    def test_failed_exec_is_none(self):
        run = self.follow(["sh", "-c", "/no/such/file; /dev/null; exit 5"])
        self.assertEqual([e["comm"] for e in run.command.execs], ["sh"])
        self.assertEqual([c.code for c in run.command.children], [127, 126])

    def test_empty_argv(self):
        """The kernel makes it one empty string, since 5.18; before it was none."""
        run = self.follow(helper("names"))
        line = run.command.execs[1]
        self.assertEqual(line["file"], "/bin/true")
        self.assertIn(args_of(line), ([b""], []))
        self.assertEqual(line["args_bytes"], len(args_of(line)))

    def test_name_given_by_prctl(self):
        run = self.follow(helper("names", "renamed", "3"))
        child = run.trace.child_of(run.command)
        self.assertEqual((child.comm, child.code), ("renamed", 3))
        self.assertEqual(run.command.comms[-1], "renamed")


if __name__ == "__main__":
    unittest.main()
