# SPDX-License-Identifier: GPL-2.0-only
"""What exists already is known from the first moment: the start of a trace, and `brood ps`."""

import os
import re
import subprocess
import unittest

from brood import (BROOD, PATIENCE, REAPER, LiveTest, Watch, helper, is_zombie, proc_stat,
                   wait_until)
from trace_lines import clean


class Start(LiveTest):

    def zombie(self, code=7):
        """A child of ours that has exited and was not waited for."""
        child = subprocess.Popen(["sh", "-c", f"exit {code}"], stdin=subprocess.DEVNULL)
        self.addCleanup(child.wait)
        wait_until(lambda: is_zombie(child.pid), "it is a zombie")
        return child

    def test_zombie_that_exists_already(self):
        child = self.zombie()
        with Watch(self, "export", zombie_after_ms=100) as watch:
            watch.wait_for(f'"type":"zombie",[^\\n]*"pid":{child.pid},')
            child.wait()
            watch.wait_reaped(child.pid)
        p = watch.trace.by_pid(child.pid)
        self.assertEqual((p.snapshot["state"], p.snapshot["ppid"]), ("zombie", os.getpid()))
        self.assertEqual(p.zombie["ts"], 100_000_000, "100 ms of the trace")
        self.assertIsNone(p.zombie["since"], "before the trace")
        self.assertIsNone(p.reap["zombie_ns"])
        self.assertReapedBy(p, os.getpid())
        self.assertIsNone(p.exit)

    def test_log_says_so(self):
        child = self.zombie()
        with Watch(self, "log") as watch:
            line = watch.wait_for(rf"(?m)^ +0\.000000 +{child.pid} sh +a zombie already.*\n")[0]
        name = proc_stat(os.getpid())[2]
        self.assertIn(b"already, exit 7: its parent %d %s has not waited for it" %
                      (os.getpid(), name), line)

    def test_everybody_and_their_parents(self):
        """The task list as /proc shows it, with parents, IDs, users, arguments."""
        before = {int(pid) for pid in os.listdir("/proc") if pid.isdigit()}
        sleeper = self.start(["sleep", "1000"])
        wait_until(lambda: os.readlink(f"/proc/{sleeper.pid}/exe").endswith("sleep"), "it sleeps")
        with Watch(self, "export") as watch:
            after = {int(pid) for pid in os.listdir("/proc") if pid.isdigit()}
        trace = watch.trace
        there = {p.pid: p for p in trace.processes.values() if p.snapshot}
        tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        checked = 0
        for pid in before & after:
            stat = proc_stat(pid)
            if pid == 1 or not stat or stat[3] in b"ZX" or int(stat[9]) & 0x00200000:   # PF_KTHREAD
                continue
            self.assertIn(pid, there)
            p = there[pid]
            if p.exit:
                continue        # it ends just now
            self.assertEqual(p.start_ns // tick, int(stat[22]))
            self.assertEqual(p.snapshot["state"], "alive")
            if int(stat[4]):
                self.assertEqual(p.snapshot["ppid"], int(stat[4]))
            checked += 1
        self.assertGreater(checked, 3)
        p = there[sleeper.pid]
        self.assertEqual(p.snapshot["args"], ["sleep", "1000"])
        self.assertEqual(p.snapshot["parent"], there[os.getpid()].id)
        self.assertEqual((p.snapshot["uid"], p.snapshot["gid"]), (os.getuid(), os.getgid()))
        self.assertEqual(p.snapshot["ns_pid"], sleeper.pid)
        self.assertEqual(trace.of("snapshot")[0]["ts"], 0)

    def test_the_first_process(self):
        """PID 1 has no parent, and is there like all the others."""
        with Watch(self, "export") as watch:
            pass
        one = watch.trace.by_pid(1).snapshot
        self.assertEqual((one["ppid"], one["parent"], one["ts"]), (0, None, 0))

    def test_what_happens_while_it_starts(self):
        """A process is told once: by the snapshot, or by its fork; whatever the moment."""
        self.start(["sh", "-c", "while :; do /bin/true; /bin/true & done"])
        for _ in range(5):
            run = self.brood("export", "--for", "0.05")
            self.assertEqual((run.status, run.stderr), (0, b""))
            run.output = run.stdout
            self.assertEqual(run.trace.end["lost"], 0)
            for p in run.trace.processes.values():
                # An exit may overtake the snapshot; it tells of a life that began before.
                if p.first.get("inferred"):
                    self.assertGreater(p.exit["duration_ns"], p.exit["ts"])

    def test_kernel_threads(self):
        run = self.brood("export", "--for", "0.05")
        run.output = run.stdout
        self.assertEqual([p for p in run.trace.processes.values() if p.pid == 2], [])
        run = self.brood("export", "--for", "0.05", "--kernel-threads")
        run.output = run.stdout
        kthreadd = run.trace.by_pid(2)
        self.assertEqual(kthreadd.comm, "kthreadd")
        self.assertGreater(len(kthreadd.children), 5)


class Ps(LiveTest):

    def ps(self, *options):
        run = self.brood("ps", "--wide", *options)
        self.assertEqual((run.status, run.stderr), (0, b""))
        return clean(run.stdout)

    def line(self, text, pid):
        found = re.findall(rf"(?m)^[ │├└─]*{pid} .*$", text)
        self.assertEqual(len(found), 1, f"{pid} in {text}")
        return found[0]

    def test_tree(self):
        """Below its parent, one level deeper."""
        shell = self.start(["sh", "-c", "sleep 1000; :"])

        def child():
            with open(f"/proc/{shell.pid}/task/{shell.pid}/children", encoding="ascii") as f:
                pid = f.read().strip()
            return pid and os.readlink(f"/proc/{pid}/exe").endswith("/sleep") and int(pid)
        sleep = wait_until(child, "the shell sleeps")
        text = self.ps()
        parent, child = self.line(text, shell.pid), self.line(text, sleep)
        self.assertRegex(parent, rf"{shell.pid} sh -c 'sleep 1000; :'")
        self.assertRegex(child, rf"└─{sleep} sleep 1000")
        lines = text.splitlines()
        self.assertEqual(lines.index(child), lines.index(parent) + 1)
        self.assertEqual(child.index("└"), parent.index(str(shell.pid)))

    def test_zombie_is_marked(self):
        read, write = os.pipe()
        process = self.start(helper("families", "zombie"), stdin=read, stdout=subprocess.PIPE)
        os.close(read)
        pid = int(process.stdout.readline().split()[1])
        text = self.ps()
        self.assertRegex(self.line(text, pid), rf"zombie: exited \(5\).*{process.pid}")
        count = re.search(r"(\d+) processes, (\d+) zombies?, (\d+) orphans?", text)
        self.assertGreaterEqual(int(count[2]), 1)
        os.close(write)
        process.wait(PATIENCE)
        self.assertNotRegex(self.ps(), rf"(?m)^[ │├└─]*{pid} ")

    def test_orphan_is_marked(self):
        """Adopted by a subreaper in another session."""
        read, write = os.pipe()
        keeper = self.start([*REAPER, "sh", "-c",
                             f"setsid {helper('families')[0]} daemon; exec sleep 1000"],
                            stdin=read, stdout=subprocess.PIPE)
        os.close(read)
        pid = int(keeper.stdout.readline().split()[1])
        wait_until(lambda: int(proc_stat(pid)[4]) == keeper.pid, "it is adopted")
        text = self.ps()
        self.assertRegex(self.line(text, pid), rf"orphan.*{keeper.pid} reaper")
        count = re.search(r"(\d+) processes, (\d+) zombies?, (\d+) orphans?", text)
        self.assertGreaterEqual(int(count[3]), 1)
        os.close(write)

    def test_itself_and_kernel_threads(self):
        self.assertIn("brood ps", self.ps())
        self.assertNotIn("kthreadd", self.ps())
        self.assertRegex(self.ps("--kernel-threads"), r"(?m)^2 .*kthreadd")

    def test_fits_80_columns(self):
        Start.zombie(self)
        run = self.brood("ps")
        for line in clean(run.stdout).splitlines():
            self.assertLessEqual(len(line), 80, line)


class Check(LiveTest):

    def test_says_what_the_kernel_offers(self):
        run = self.brood("check")
        self.assertEqual((run.status, run.stderr), (0, b""))
        text = clean(run.stdout)
        source = self.follow(["true"]).trace.meta["reap_source"]
        self.assertRegex(text, rf"(?m)^reap source:? +{source}\b")
        self.assertIn(os.uname().release, text)

    def test_as_anybody(self):
        """Looking needs no privilege; it says what would."""
        def nobody():
            os.setuid(65534)
        with open(BROOD, "rb") as source, open(self.path("brood"), "wb") as copy:
            copy.write(source.read())
        os.chmod(self.path("brood"), 0o755)
        run = subprocess.run([self.path("brood"), "check"], preexec_fn=nobody, cwd="/",
                             capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual((run.returncode, run.stderr), (1, b""))
        self.assertIn("root", clean(run.stdout))


if __name__ == "__main__":
    unittest.main()
