# SPDX-License-Identifier: GPL-2.0-only
"""A followed command knows nothing of brood: same user, environment, terminal, signals."""

import os
import pwd
import resource
import signal
import subprocess
import unittest

from brood import (BROOD, NOBODY, PATIENCE, LiveTest, Terminal, Watch, helper, proc_stat,
                   wait_until)
from trace_lines import Trace

# Lines of /proc/self/status that differ from one run of a program to the next.
VARY = ("SigQ", "Pid", "Tgid", "Ngid", "PPid", "NStgid", "NSpid", "NSpgid", "NSsid", "Vm", "Rss", "Hugetlb",
        "voluntary_ctxt", "nonvoluntary_ctxt")


class Untouched(LiveTest):
    """What the command sees of itself is what it would see without brood."""

    def both(self, *command, **how):
        """Its standard output without brood, and with."""
        how.setdefault("stdin", subprocess.DEVNULL)
        alone = subprocess.run(command, stdout=subprocess.PIPE, start_new_session=True,
                               timeout=PATIENCE, check=True, **how)
        run = self.brood("log", "-o", "/dev/null", "--", *command, reaper=False, **how)
        self.assertEqual((run.status, run.stderr), (0, b""))
        return alone.stdout.decode(), run.stdout.decode()

    def assertSame(self, *command, **how):
        alone, followed = self.both(*command, **how)
        self.assertTrue(alone)
        self.assertEqual(followed, alone)

    def assertSameStatus(self, **how):
        def stable(status):
            return [line for line in status.splitlines() if not line.startswith(VARY)]
        alone, followed = self.both("cat", "/proc/self/status", **how)
        self.assertIn("SigIgn", alone)
        self.assertEqual(stable(followed), stable(alone))

    def test_environment(self):
        self.assertSame("env")
        self.assertSame("env", env={"PATH": os.environ["PATH"], "ODD": "a\nb", "EMPTY": ""})

    def test_directory_and_umask(self):
        self.assertSame("pwd", cwd="/usr/lib")
        self.assertSame("sh", "-c", "umask", umask=0o137)

    def test_signals_as_they_are(self):
        """Masks and dispositions, IDs, capabilities, seccomp, …: all that /proc shows."""
        self.assertSameStatus()

    def test_signals_blocked_and_ignored(self):
        def odd():
            for sig in (signal.SIGINT, signal.SIGPIPE, signal.SIGHUP, signal.SIGUSR2):
                signal.signal(sig, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR1, signal.SIGTERM,
                                                        signal.SIGCHLD, signal.SIGWINCH})
        self.assertSameStatus(preexec_fn=odd, restore_signals=False)

    def test_sigchld_ignored(self):
        def ignore():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.assertSameStatus(preexec_fn=ignore)

    def test_limits(self):
        self.assertSame("cat", "/proc/self/limits")

    def test_limits_of_memlock_and_files(self):
        def odd():
            resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 131072))
            resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        self.assertSame("cat", "/proc/self/limits", preexec_fn=odd)

    def test_open_files(self):
        """Nothing of brood's is open, and what was open still is."""
        with open(self.path("kept"), "w", encoding="ascii") as kept:
            os.dup2(kept.fileno(), 17)
            self.addCleanup(os.close, 17)
            alone, followed = self.both("sh", "-c", "ls /proc/$$/fd; readlink /proc/$$/fd/17",
                                        pass_fds=[17])
        self.assertEqual(followed, alone)
        self.assertIn(self.path("kept"), followed)

    def test_scheduling(self):
        def nice():
            os.nice(7)
            os.sched_setaffinity(0, {0})
        self.assertSame("sh", "-c", "nice; taskset -cp $$ | sed s/.*://", preexec_fn=nice)
        self.assertSame("cat", "/proc/self/oom_score_adj")

    def test_standard_input(self):
        run = self.brood("log", "-o", "/dev/null", "--", "cat", input=b"one\ntwo\0three")
        self.assertEqual((run.status, run.stdout, run.stderr), (0, b"one\ntwo\0three", b""))

    def test_session_and_parent(self):
        """The command is a child of brood, in its process group and session."""
        run = self.follow(["cat", "/proc/self/stat"])
        stat = run.stdout.split()
        pid, ppid, group, session = (int(stat[i]) for i in (0, 3, 4, 5))
        self.assertEqual(pid, run.command.pid)
        self.assertEqual(ppid, run.command.snapshot["ppid"])
        self.assertEqual((group, session), (run.reaper, run.reaper))

    def test_peak_memory_is_its_own(self):
        """exec() keeps the peak of what was before it: brood's must not show."""
        alone = self.start(["true"])
        _, _, usage = os.wait4(alone.pid, 0)
        alone.returncode = 0
        run = self.follow(["true"])
        self.assertLess(run.command.exit["max_rss_kib"], usage.ru_maxrss + 1500)


class Identity(LiveTest):

    def test_start_agrees_with_proc(self):
        """id is TGID-STARTNS: field 22 of /proc/PID/stat, to the tick."""
        tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        run = self.follow(["sh", "-c", "cat /proc/$$/stat /proc/self/stat; :"])
        shell, child = run.command, run.trace.child_of(run.command)
        for process, line in zip((shell, child), run.stdout.splitlines()):
            self.assertEqual(process.pid, int(line.split()[0]))
            self.assertEqual(process.start_ns // tick, int(line.split()[21]))

    def test_meta(self):
        run = self.follow(["true"])
        meta = run.trace.meta
        self.assertEqual(meta["version"], 1)
        self.assertEqual(meta["command"], ["true"])
        self.assertEqual(meta["host"], os.uname().nodename)
        self.assertEqual(meta["kernel"], os.uname().release)
        self.assertEqual(meta["arch"], os.uname().machine)
        self.assertEqual(meta["cpus"], os.sysconf("SC_NPROCESSORS_ONLN"))
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
            self.assertEqual(meta["boot_id"], f.read().strip())
        self.assertEqual(run.command.execs[0]["file"], "/usr/bin/true")

    def test_user(self):
        name = pwd.getpwuid(NOBODY).pw_name
        run = self.follow(["id"], "--user", name)
        self.assertEqual(run.status, 0, run.stderr)
        alone = subprocess.run(["setpriv", f"--reuid={name}", f"--regid={pwd.getpwuid(NOBODY).pw_gid}",
                                "--init-groups", "id"], stdout=subprocess.PIPE, check=True)
        self.assertEqual(run.stdout, alone.stdout)
        self.assertEqual(run.command.execs[0]["uid"], NOBODY)
        self.assertEqual(run.command.execs[0]["gid"], pwd.getpwuid(NOBODY).pw_gid)
        self.assertCounts(run.trace, execs=1, exits=1)

    def test_user_of_children(self):
        run = self.follow(["sh", "-c", "/bin/true; :"], "--user", pwd.getpwuid(NOBODY).pw_name)
        child = run.trace.child_of(run.command)
        self.assertEqual((child.fork["uid"], child.execs[0]["uid"]), (NOBODY, NOBODY))

    def test_only_the_command_and_its_descendants(self):
        """Its ancestors do not enter, nor anything else on a busy machine."""
        noise = self.start(["sh", "-c", "while :; do /bin/true; done"])
        run = self.follow(["sh", "-c", "/bin/true; /bin/true; (/bin/true; :)"])
        self.assertIsNone(noise.poll())
        self.assertCounts(run.trace, forks=4, execs=4, exits=5)
        for p in run.trace.processes.values():
            if p is not run.command:
                self.assertIn(p.fork["parent"], run.trace.processes)
            self.assertNotEqual(p.pid, noise.pid)


class Ending(LiveTest):

    def daemon(self, *options):
        """A command that leaves a daemon behind; brood watching it."""
        read, write = os.pipe()
        said = self.path("said")
        with open(said, "wb") as out:
            watch = Watch(self, "export", *options, command=helper("families", "daemon"),
                          reaper=True, stdin=read, stdout=out)
        os.close(read)

        def pid():
            with open(said, "rb") as f:
                line = f.read()
            return line.endswith(b"\n") and int(line.split()[1])
        return watch, write, wait_until(pid, "the daemon says its PID")

    def test_descendants_that_live_on_are_listed(self):
        watch, write, pid = self.daemon()
        watch.finish()
        daemon = watch.trace.by_pid(pid)
        self.assertCounts(watch.trace, forks=2, execs=1, exits=2, orphans=1)
        self.assertIsNone(daemon.exit)
        self.assertTrue(proc_stat(pid), "the daemon is not brood's to end")
        os.close(write)

    def test_wait_all(self):
        watch, write, pid = self.daemon("--wait-all")
        command = watch.command_pid()
        watch.wait_for(f'"type":"exit",[^\\n]*"pid":{command},')
        self.assertIsNone(watch.process.poll())
        os.close(write)
        watch.finish()
        daemon = watch.trace.by_pid(pid)
        self.assertEqual((daemon.code, daemon.comm), (9, "daemon"))
        self.assertCounts(watch.trace, forks=2, execs=1, exits=3, orphans=1)
        self.assertGreater(daemon.exit["ts"], watch.trace.command.exit["ts"])
        self.assertReapedBy(daemon, watch.process.pid)

    def test_tree_says_who_still_runs(self):
        read, write = os.pipe()
        said = self.path("said")
        with open(said, "wb") as out:
            watch = Watch(self, "tree", command=helper("families", "daemon"), stdin=read,
                          stdout=out)
        os.close(read)
        watch.finish()
        with open(said, "rb") as f:
            pid = f.read().split()[1].decode()
        os.close(write)
        self.assertRegex(watch.seen().decode(), rf"(?m)^ +└─{pid} .*alive")
        self.assertRegex(watch.seen().decode(), rf"Still running at the end: {pid} ")

    def test_killed_brood_leaves_the_command_alone(self):
        watch = Watch(self, "log", command=helper("catch"))
        watch.wait_for("exec")
        pid = int(watch.wait_for(r"(\d+) catch +exec")[1])
        watch.process.kill()
        watch.process.wait()
        self.assertTrue(proc_stat(pid))
        os.kill(pid, signal.SIGKILL)


class Signals(LiveTest):

    def catch(self, code=7):
        """brood following a program that waits for a signal; its output comes to a pipe."""
        process = self.start([BROOD, "export", "-o", self.path("trace"), "--",
                              *helper("catch", str(code))],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE)
        self.assertRegex(process.stdout.readline(), rb"ready \d+")
        return process

    def test_sent_to_brood_alone(self):
        """The command gets it, once; brood outlives it, reports and has its status."""
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(sig=sig):
                process = self.catch()
                process.send_signal(sig)
                out, err = process.communicate(timeout=PATIENCE)
                self.assertEqual(out, f"caught {sig} from {process.pid}\n".encode())
                self.assertEqual((process.returncode, err), (7, b""))
                os.unlink(self.path("trace"))

    def test_sent_to_the_command(self):
        run = self.follow(["sh", "-c", "kill -HUP $$"])
        self.assertEqual(run.status, 128 + signal.SIGHUP)
        self.assertEqual(run.command.exit["signal_name"], "SIGHUP")
        self.assertEqual(run.command.exit["killed_by"]["id"], run.command.id)

    def test_ctrl_c(self):
        """The terminal tells both: it comes once to the command; brood reports what it did."""
        terminal = Terminal(self, [BROOD, "export", "-o", self.path("trace"), "--",
                                   *helper("catch", "7")])
        pid = int(terminal.wait_for(rb"ready (\d+)\r\n")[1])
        terminal.press(b"\x03")
        self.assertEqual(terminal.finish(), 7)
        self.assertEqual(terminal.said.replace(b"^C", b""),
                         f"ready {pid}\r\ncaught 2 from the kernel\r\n".encode())
        with open(self.path("trace"), "rb") as f:
            trace = Trace(f.read())
        self.assertEqual((trace.command.pid, trace.command.code), (pid, 7))
        self.assertCounts(trace, execs=1, exits=1)

    def test_ctrl_c_kills_a_command_that_does_not_care(self):
        terminal = Terminal(self, [BROOD, "--", "sh", "-c", "echo ready; exec sleep 1000"])
        terminal.wait_for(rb"ready\r\n")
        terminal.wait_for(rb"sleep 1000")
        terminal.press(b"\x03")
        self.assertEqual(terminal.finish(), 128 + signal.SIGINT)
        self.assertIn(b"killed: INT", terminal.said)

    def test_ctrl_backslash(self):
        terminal = Terminal(self, [BROOD, "log", "-o", "/dev/null", "--", *helper("catch", "9")])
        terminal.wait_for(rb"ready \d+\r\n")
        terminal.press(b"\x1c")
        self.assertEqual(terminal.finish(), 9)
        self.assertIn(b"caught 3 from the kernel\r\n", terminal.said)
        self.assertEqual(terminal.said.count(b"caught"), 1)

    def test_ctrl_c_without_a_command(self):
        """The whole machine: Ctrl-C ends the watch, with a complete end."""
        terminal = Terminal(self, [BROOD, "export", "-o", self.path("trace")])
        wait_until(lambda: os.path.exists(self.path("trace")) and
                   os.path.getsize(self.path("trace")), "the trace begins")
        terminal.press(b"\x03")
        self.assertEqual(terminal.finish(), 0)
        with open(self.path("trace"), "rb") as f:
            self.assertIn(b'"type":"end"', f.read().splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
