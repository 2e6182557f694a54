# SPDX-License-Identifier: GPL-2.0-only
"""Filters on the whole machine: who is asked for, their descendants, and nobody else."""

import os
import subprocess
import unittest

from brood import NOBODY, PATIENCE, LiveTest, Watch, helper, scenario, wait_until

ALONE = True    # other tests' processes may be of the same user or namespace


class FilterTest(LiveTest):

    def gated(self, script, **how):
        """A shell that waits for a line of its standard input, then runs the script."""
        return self.start(["sh", "-c", f"read line; {script}"], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, **how)

    def open(self, shell):
        """Let it run, to its end; it becomes no zombie of ours before it is waited for."""
        shell.stdin.write(b"\n")
        shell.stdin.flush()
        shell.wait(PATIENCE)

    def noise(self):
        """Others, busy meanwhile: nothing of them may appear."""
        return self.start(["sh", "-c", "while :; do /bin/true; done"])

    def run_beside(self, *argv, **how):
        """Run a program to its end; its PID."""
        process = self.start(list(argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **how)
        process.wait(PATIENCE)
        return process.pid

    def finish(self, watch, *pids):
        watch.wait_reaped(*pids)
        watch.stop()
        self.assertEqual(watch.stderr, b"")
        return watch.trace

    def assertOnly(self, trace, *roots):
        """Every process in the trace is one of these, or a descendant of one."""
        for p in trace.processes.values():
            if p.pid in roots:
                self.assertIsNotNone(p.snapshot, f"{p} was there before")
            else:
                self.assertIsNotNone(p.fork, f"{p} came from elsewhere: {p.first}")
                self.assertIn(p.fork["parent"], trace.processes)
        self.assertEqual(sorted(p.pid for p in trace.processes.values() if p.snapshot),
                         sorted(roots))


class ByPid(FilterTest):

    def test_process_and_its_descendants(self):
        shell, other = self.gated("/bin/true; (/bin/true; :)"), self.gated("/bin/true; :")
        self.noise()
        with Watch(self, "export", "--pid", str(shell.pid)) as watch:
            self.open(other)
            self.open(shell)
            trace = self.finish(watch, shell.pid)
        self.assertOnly(trace, shell.pid)
        self.assertCounts(trace, forks=3, execs=2, exits=4)
        self.assertEqual(trace.by_pid(shell.pid).snapshot["args"][:2], ["sh", "-c"])

    def test_children_that_it_has_already(self):
        shell = self.start(["sh", "-c", "cat & wait"], stdin=subprocess.PIPE,
                           stdout=subprocess.DEVNULL)
        # dash gives /dev/null to what it starts with &: such a cat ends by itself
        shell.wait(PATIENCE)
        shell = self.start(["sh", "-c", "cat; :"], stdin=subprocess.PIPE,
                           stdout=subprocess.DEVNULL)

        def child():
            with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as f:
                pid = f.read().strip()
            return pid and os.readlink(f"/proc/{pid}/exe").endswith("/cat") and int(pid)
        cat = wait_until(child, "the shell runs cat")
        with Watch(self, "export", "--pid", str(shell.pid)) as watch:
            shell.stdin.close()
            shell.wait(PATIENCE)
            trace = self.finish(watch, shell.pid, cat)
        self.assertOnly(trace, shell.pid, cat)
        self.assertEqual(trace.by_pid(cat).snapshot["parent"], trace.by_pid(shell.pid).id)
        self.assertCounts(trace, exits=2)
        self.assertReapedBy(trace.by_pid(cat), trace.by_pid(shell.pid))

    def test_several(self):
        one, two = self.gated("exit 1"), self.gated("exit 2")
        with Watch(self, "export", "--pid", str(one.pid), "-p", str(two.pid)) as watch:
            self.open(one)
            self.open(two)
            trace = self.finish(watch, one.pid, two.pid)
        self.assertOnly(trace, one.pid, two.pid)
        self.assertEqual([p.code for p in trace.exits], [1, 2])


class ByUser(FilterTest):

    def nobody(self):
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    def test_from_the_first_exec_on(self):
        """A process that becomes that user arrives at its next exec: snapshot, then exec."""
        self.noise()
        with Watch(self, "export", "--uid", str(NOBODY)) as watch:
            self.run_beside("/bin/true")
            pid = self.run_beside("sh", "-c", "/bin/true; :", preexec_fn=self.nobody, cwd="/")
            trace = self.finish(watch, pid)
        self.assertOnly(trace, pid)
        arrival = trace.by_pid(pid)
        self.assertEqual([line["type"] for line in arrival.lines],
                         ["snapshot", "exec", "exit", "reap"])
        self.assertEqual(arrival.snapshot["uid"], NOBODY)
        self.assertEqual(arrival.snapshot["state"], "alive")
        self.assertCounts(trace, forks=1, execs=2, exits=2)

    def test_by_name_and_already_there(self):
        shell = self.gated("exit 3", preexec_fn=self.nobody, cwd="/")
        with Watch(self, "export", "--uid", "nobody") as watch:
            self.open(shell)
            trace = self.finish(watch, shell.pid)
        self.assertEqual(trace.by_pid(shell.pid).code, 3)
        for p in trace.processes.values():      # the machine may have others of that user
            self.assertEqual(p.first["uid"], NOBODY)


class ByName(FilterTest):

    def test_at_exec(self):
        self.noise()
        with Watch(self, "export", "--comm", "fork-exec") as watch:
            self.run_beside(*scenario("fork"))
            pid = self.run_beside(*scenario("fork-exec"))
            trace = self.finish(watch, pid)
        self.assertOnly(trace, pid)
        arrival = trace.by_pid(pid)
        self.assertEqual([line["type"] for line in arrival.lines],
                         ["snapshot", "exec", "exit", "reap"])
        self.assertEqual(arrival.snapshot["comm"], "fork-exec")
        # its child keeps being followed when it becomes another program
        self.assertEqual(trace.child_of(arrival).comms, ["fork-exec", "echo"])
        self.assertCounts(trace, forks=1, execs=2, exits=2)

    def test_long_name(self):
        """The kernel keeps 15 bytes; the option may be longer."""
        long = self.path("a-name-of-more-than-15-bytes")
        os.symlink("/bin/true", long)
        with Watch(self, "export", "--comm", os.path.basename(long)) as watch:
            pid = self.run_beside(long)
            trace = self.finish(watch, pid)
        self.assertEqual(trace.by_pid(pid).comm, "a-name-of-more-")

    def test_several(self):
        with Watch(self, "export", "--comm", "fork", "--comm", "program") as watch:
            fork = self.run_beside(*scenario("fork"))
            program = self.run_beside(*scenario("program"))
            self.run_beside(*scenario("fork-exec"))
            trace = self.finish(watch, fork, program)
        self.assertOnly(trace, fork, program)


class ByCgroup(FilterTest):

    def setUp(self):
        super().setUp()
        with open("/proc/self/mounts", encoding="utf-8") as f:
            mounts = [line.split() for line in f]
        roots = [m[1] for m in mounts if m[2] == "cgroup2"]
        if not roots:
            self.skipTest("no cgroup v2 file system is mounted")
        self.cgroup = os.path.join(roots[0], f"brood-test-{os.getpid()}")
        os.mkdir(self.cgroup)
        self.addCleanup(self.remove)

    def remove(self):
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            wait_until(lambda path=path: self.empty(path), "the cgroup is empty")
            os.rmdir(path)

    @staticmethod
    def empty(path):
        with open(os.path.join(path, "cgroup.procs"), encoding="ascii") as f:
            return not f.read()

    def enter(self, sub=""):
        def move():
            with open(os.path.join(self.cgroup, sub, "cgroup.procs"), "w", encoding="ascii") as f:
                f.write("0")
        return move

    def test_those_in_it(self):
        """Those that are in it, and those that come in, from their next exec on."""
        inside = self.gated("/bin/true; exit 3", preexec_fn=self.enter())
        self.noise()
        with Watch(self, "export", "--cgroup", self.cgroup) as watch:
            outside = self.run_beside("/bin/true")
            late = self.run_beside("/bin/true", preexec_fn=self.enter())
            self.open(inside)
            trace = self.finish(watch, inside.pid, late)
        self.assertOnly(trace, inside.pid, late)
        self.assertNotIn(outside, [p.pid for p in trace.processes.values()])
        self.assertEqual(trace.by_pid(inside.pid).code, 3)
        inode = os.stat(self.cgroup).st_ino
        self.assertEqual({p.first["cgroup_id"] for p in trace.processes.values()}, {inode})
        self.assertCounts(trace, forks=1, execs=2, exits=3)

    def test_cgroups_below(self):
        os.mkdir(os.path.join(self.cgroup, "below"))
        inside = self.gated("exit 4", preexec_fn=self.enter("below"))
        with Watch(self, "export", "--cgroup", self.cgroup) as watch:
            late = self.run_beside("/bin/true", preexec_fn=self.enter("below"))
            self.open(inside)
            trace = self.finish(watch, inside.pid, late)
        self.assertOnly(trace, inside.pid, late)


class ByPidNamespace(FilterTest):

    def container(self):
        """A shell that is PID 1 of a namespace of its own: (unshare, PID of the shell)."""
        outer = self.start(["unshare", "--pid", "--fork", "sh", "-c", "read line; /bin/true; :"],
                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)

        def init():
            with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="ascii") as f:
                pid = f.read().strip()
            return pid and os.readlink(f"/proc/{pid}/exe").endswith("sh") and int(pid)
        return outer, wait_until(init, "the namespace has an init")

    def assertFollows(self, how):
        outer, init = self.container()
        other, _ = self.container()
        self.noise()
        with Watch(self, "export", "--pidns", how(init)) as watch:
            self.open(other)
            self.open(outer)
            trace = self.finish(watch, init)
        self.assertOnly(trace, init)
        self.assertEqual(trace.by_pid(init).snapshot["ns_pid"], 1)
        self.assertCounts(trace, forks=1, execs=1, exits=2)

    def test_by_path(self):
        self.assertFollows(lambda init: f"/proc/{init}/ns/pid")

    def test_by_number(self):
        self.assertFollows(lambda init: str(os.stat(f"/proc/{init}/ns/pid").st_ino))


class Together(FilterTest):

    def test_all_conditions_must_be_met(self):
        def nobody():
            os.setuid(NOBODY)
        # where that user may run it: a home may be closed to others
        program = self.path("storm")
        with open(helper("storm")[0], "rb") as source, open(program, "wb") as copy:
            copy.write(source.read())
        os.chmod(program, 0o755)
        with Watch(self, "export", "--uid", str(NOBODY), "--comm", "storm") as watch:
            self.run_beside(program, "1")
            self.run_beside("/bin/true", preexec_fn=nobody, cwd="/")
            pid = self.run_beside(program, "2", preexec_fn=nobody, cwd="/")
            trace = self.finish(watch, pid)
        self.assertOnly(trace, pid)
        self.assertCounts(trace, forks=2, execs=1, exits=3)

    def test_pid_and_user(self):
        shell = self.gated("exit 1")
        run = self.brood("export", "--for", "0.2", "--pid", str(shell.pid), "--uid", str(NOBODY))
        self.assertEqual(run.status, 0, run.stderr)
        run.output = run.stdout
        self.assertEqual(run.trace.processes, {})


if __name__ == "__main__":
    unittest.main()
