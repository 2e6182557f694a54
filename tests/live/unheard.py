# SPDX-License-Identifier: GPL-2.0-only
"""Reaps that no BPF program can tell, as ftrace saw them.

On one hardened kernel no BPF program runs while a thread of PID 1 is `current`, and the last
that is heard of a process, sched_process_free, fires in whoever's context (see
docs/correctness.md, "What cannot be known").  ftrace is not kept from it.  So what it records
there is proof that brood cannot have told that reap, and did not fail to.
"""

import os
import re
import subprocess
import tempfile
import time

EVENT = "events/sched/sched_process_free/"
LINE = re.compile(r" (\d+\.\d+): sched_process_free: comm=(.*) pid=(\d+) ")


class Unheard:
    """An instance of ftrace of our own, while this exists.

    Where there is none to be had, or reaps are told in the reaper's context, nothing is proven.
    """

    def __init__(self, brood):
        self.instance = self.threads = None
        self.mounted = tempfile.mkdtemp(prefix="brood-tracefs-")
        said = subprocess.run([brood, "check"], capture_output=True, text=True, check=False)
        if not re.search(r"^reap source +sched_process_free$", said.stdout, re.M):
            return
        if subprocess.run(["mount", "-t", "tracefs", "none", self.mounted], check=False,
                          capture_output=True).returncode:
            return
        self.instance = os.path.join(self.mounted, "instances", f"brood-test-{os.getpid()}")
        try:
            os.mkdir(self.instance)
            self._write("trace_clock", "mono")
            self.follow_pid_1()
            self._write(EVENT + "enable", "1")
        except OSError:
            self.close()

    def _write(self, name, what):
        with open(os.path.join(self.instance, name), "w", encoding="ascii") as f:
            f.write(what)

    def follow_pid_1(self):
        """It may have other threads by now."""
        if not self.instance:
            return
        threads = set(os.listdir("/proc/1/task"))
        if threads != self.threads:
            self._write(EVENT + "filter", " || ".join(f"common_pid == {t}" for t in threads))
            self.threads = threads

    def since(self, begun):
        """Those whose reaps were not told since this time.monotonic(): [(PID, comm)]."""
        if not self.instance:
            return []
        with open(os.path.join(self.instance, "trace"), encoding="utf-8", errors="replace") as f:
            found = [LINE.search(line) for line in f]
        return [(int(m[3]), m[2]) for m in found if m and float(m[1]) >= begun]

    now = staticmethod(time.monotonic)

    def close(self):
        if self.instance and os.path.isdir(self.instance):
            os.rmdir(self.instance)
        self.instance = None
        if os.path.ismount(self.mounted):
            subprocess.run(["umount", self.mounted], check=True)
        if os.path.isdir(self.mounted):
            os.rmdir(self.mounted)
