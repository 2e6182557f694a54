# SPDX-License-Identifier: GPL-2.0-only
"""A fork bomb next door: what is lost is counted, brood stays small, and is back at once.

The bomb (bomb.c) forks and execs with 64 KiB of arguments as fast as it can.  It is bounded in
time by itself and in number by a pids cgroup made for it, or where there is none by
RLIMIT_NPROC of a user that nobody else is.
"""

import os
import resource
import signal
import subprocess
import time
import unittest

from brood import PATIENCE, LiveTest, Watch, helper, proc_stat, wait_until
from test_repair import Living, exists

ALONE = True            # its flood would starve the other tests
LIMIT = 200             # processes of the bomb at a time
BOMB_MS = 700           # how long it goes on
ARGS = 65000
LIVES = 150             # of the innocent
# In KiB: brood with nothing to do (libbpf, the kernel's types), and tables for this many
# processes.  To that comes the ring three times: itself, and twice what a census sets aside;
# see docs/correctness.md.
SMALL = 24 * 1024
# Measured: 0.001 to 0.2 s, 0.6 s where it was lost in a small ring and the census found it.
BACK_S = 1.0 * max(1, PATIENCE / 30)    # an emulated machine is slower
# Of CPU time, to end.  Measured: 0.6 to 2 s; 15 s and more while each event looked through all
# whose reap was lost.
END_CPU_S = 6.0
COUNTED = ("fork", "exec", "exit", "reap")
NOBODY_ELSE = 54321


def pids_cgroup():
    """Where cgroups with a bound on processes can be made: v1 or v2; None: nowhere."""
    with open("/proc/mounts", encoding="ascii") as f:
        mounts = [line.split() for line in f]
    for _, path, kind, options, *_ in mounts:
        if kind == "cgroup" and "pids" in options.split(","):
            return path
        if kind == "cgroup2":
            try:
                with open(os.path.join(path, "cgroup.subtree_control"), encoding="ascii") as f:
                    if "pids" in f.read().split():
                        return path
            except FileNotFoundError:
                pass
    return None


class Bomb(LiveTest):

    def fence(self):
        """What keeps the bomb within LIMIT: the keyword arguments to start it with."""
        base = pids_cgroup()
        path = base and os.path.join(base, f"brood-test-{os.getpid()}")
        try:
            if path:
                os.mkdir(path)
                self.addCleanup(os.rmdir, path)
                with open(os.path.join(path, "pids.max"), "w", encoding="ascii") as f:
                    f.write(str(LIMIT))
        except OSError:
            path = None
        if path:
            return {"preexec_fn": lambda: self.enter(path)}
        limit = lambda: resource.setrlimit(resource.RLIMIT_NPROC, (LIMIT, LIMIT))
        return {"preexec_fn": limit, "user": NOBODY_ELSE}

    @staticmethod
    def enter(path):
        with open(os.path.join(path, "cgroup.procs"), "w", encoding="ascii") as f:
            f.write(str(os.getpid()))

    def explode(self):
        """Bombs, one after the other, until that was one: the last one's PID, forks, execs."""
        fence = self.fence()
        program, *args = helper("bomb", str(BOMB_MS), str(ARGS))
        if "user" in fence:
            program = self.reachable(program)
        forks = execs = 0
        while execs <= 50:      # on a busy machine one alone may be none
            bomb = self.start([program, *args], stdout=subprocess.PIPE, **fence)
            said, _ = bomb.communicate(timeout=PATIENCE)
            self.assertEqual(bomb.returncode, 0)
            forks, execs = (sum(n) for n in zip((forks, execs), map(int, said.split())))
        return bomb.pid, forks, execs

    def bound(self, watch, buffer_kib):
        """brood's memory stays under what is stated."""
        with open(f"/proc/{watch.process.pid}/status", encoding="utf-8") as f:
            used = next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))
        self.assertLess(used, SMALL + 3 * buffer_kib)

    def back_soon(self, watch):
        """Something happens now, when the bomb is over; brood tells."""
        before = time.monotonic()
        child = self.start(["/bin/true", "after", "the", "bomb"])
        wait_until(lambda: f'"pid":{child.pid},'.encode() in watch.seen(), "brood tells of it")
        self.assertLess(time.monotonic() - before, BACK_S)

    @staticmethod
    def seen(trace, comms):
        # Not seen but counted: a reap that the kernel was still to tell as brood ended.
        return sum(line["type"] in COUNTED and line["comm"] in comms and
                   (line["type"] == "reap" or not line.get("inferred")) for line in trace.lines)

    def whole_machine(self, buffer_kib, *options, starved=False):
        with Watch(self, "export", "--buffer", f"{buffer_kib}K", *options) as watch:
            innocent = self.start(helper("lives", str(LIVES)))
            if starved:
                watch.process.send_signal(signal.SIGSTOP)
            bomb, forks, execs = self.explode()
            watch.process.send_signal(signal.SIGCONT)
            self.back_soon(watch)
            self.bound(watch, buffer_kib)
            self.assertEqual(innocent.wait(), 0)
            self.tree_is_the_kernels(watch)
            watch.stop()
        self.assertFalse(proc_stat(bomb), "the bomb is over")
        trace = watch.trace
        # Forks, execs, exits and reaps of all that the bomb was, and of the innocent's lives.
        happened = 3 * forks + execs + 4 * LIVES
        if not trace.end["lost"]:
            innocents = [p for p in trace.processes.values()
                         if p.fork and p.fork["ppid"] == innocent.pid]
            self.assertEqual(len(innocents), LIVES)
            for p in innocents:
                self.assertEqual((len(p.execs), p.code), (1, 0), p)
                self.assertReapedBy(p, innocent.pid)
        told = self.seen(trace, ("bomb", "exe", "lives"))
        self.assertGreaterEqual(told + trace.end["lost"], happened)
        return trace

    def tree_is_the_kernels(self, watch):
        """Who is alive in the trace is alive, and who is alive is in the trace."""
        told = Living(watch.path)
        self.addCleanup(told.close)
        ghosts = {p for p in told.now() if not exists(p)}
        wait_until(lambda: not ghosts & told.now().keys(), "no ghosts")
        here = dict(self.processes())

        def unknown():
            known = {int(p.split("-")[0]) for p in told.now()}
            return [pid for pid, stat in here.items() if pid not in known and
                    (now := proc_stat(pid)) and now[22] == stat[22] and now[3] not in b"ZX"]
        wait_until(lambda: not unknown(), "nobody is unknown")

    def test_an_end_in_the_middle(self):
        """A flood that goes on, and thousands of reaps that were lost, do not keep it from ending."""
        watch = Watch(self, "export", "--buffer", "64K")
        watch.process.send_signal(signal.SIGSTOP)
        for _ in range(3):
            self.start(helper("lives", "1000000000", "1000000000"))
        self.assertEqual(self.start(helper("lives", "1000", "1000")).wait(), 0)
        watch.process.send_signal(signal.SIGCONT)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        watch.stop(signal.SIGTERM)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                        END_CPU_S)
        self.assertGreater(watch.trace.end["lost"], 0)

    @staticmethod
    def processes():
        for name in os.listdir("/proc"):
            stat = proc_stat(int(name)) if name.isdigit() else None
            if stat and not int(stat[9]) & 0x00200000:      # PF_KTHREAD
                yield int(name), stat

    def test_whole_machine(self):
        self.whole_machine(8192)

    def test_starved(self):
        """The bomb leaves brood no time at all: nearly everything is lost."""
        trace = self.whole_machine(64, starved=True)
        self.assertGreater(trace.end["lost"], 0)

    def test_whole_machine_all_arguments(self):
        """Each exec fills an eighth of the ring."""
        self.whole_machine(512, "--args-max", "64K")

    def followed(self, buffer_kib):
        """Of the bomb nothing is told, so nothing is lost; of the innocent all is told."""
        watch = Watch(self, "export", "--buffer", f"{buffer_kib}K",
                      command=["sh", "-c", '"$@"; exec sleep 600', "sh", *helper("lives", str(LIVES))])
        shell = watch.command_pid()
        self.explode()
        self.bound(watch, buffer_kib)
        wait_until(lambda: (proc_stat(shell) or [b""] * 3)[2] == b"sleep", "all lives are over")
        before = time.monotonic()
        watch.wait_for(f'"type":"exec",[^\\n]*"pid":{shell},[^\\n]*"sleep","600"')
        self.assertLess(time.monotonic() - before, BACK_S)
        os.kill(shell, 15)
        watch.finish(128 + 15)
        trace = watch.trace
        told = self.seen(trace, {line.get("comm") for line in trace.lines})
        # the shell's two execs, exit and reap; "lives"; and each of its lives
        self.assertEqual(told + trace.end["lost"], 4 + 4 + 4 * LIVES)
        return trace

    def test_followed(self):
        self.assertEqual(self.followed(8192).end["lost"], 0)

    def test_followed_small_buffer(self):
        self.followed(64)


if __name__ == "__main__":
    unittest.main()
