#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What tracing costs: a loop of births and deaths, alone and while brood watches.

usage: cost.py BUILD_DIR [PAIRS [SECONDS]]     (root; make bench)

Each pair is one run alone and one traced, in turn, so that a machine whose speed drifts
slows both; the figure is the median of the pairs' ratios.  The reader's CPU time is that
of the brood process while the loop ran, divided by the events it was sent.
"""
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time

# A shell starts background jobs with this ignored, and brood would honour that.
signal.signal(signal.SIGINT, signal.default_int_handler)

build = sys.argv[1] if len(sys.argv) > 1 else "build"
pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 1.0
LOOP = f"{build}/bench/loop"
# Events of one turn of the loop: fork, exit, reap; with exec one more.
EVENTS = {"fork": 3, "exec": 4}


def loop(kind, n):
    out = subprocess.run([LOOP, kind, str(n)], check=True, capture_output=True, text=True)
    return float(out.stdout)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


class Tracer:
    """brood log on the whole machine, ready once its first line is out."""

    def __enter__(self):
        self.child = subprocess.Popen([f"{build}/brood", "log", "-o", "/dev/null", "-v"],
                                      stderr=subprocess.PIPE)
        deadline = time.monotonic() + 10
        while not self.attached():
            if time.monotonic() > deadline:
                self.child.kill()
                sys.exit("cost.py: brood did not start")
            time.sleep(0.01)
        self.before = cpu_seconds(self.child.pid)
        return self

    def attached(self):
        """Its probes are linked, and it sleeps: the snapshot is taken."""
        fds = f"/proc/{self.child.pid}/fd"
        try:
            links = [os.readlink(f"{fds}/{fd}") for fd in os.listdir(fds)]
            with open(f"/proc/{self.child.pid}/stat") as f:
                state = f.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        return state == "S" and sum("bpf" in x and "link" in x for x in links) >= 6

    def cpu(self):
        return cpu_seconds(self.child.pid) - self.before

    def __exit__(self, *_):
        self.child.send_signal(signal.SIGINT)
        _, err = self.child.communicate(timeout=30)
        self.lost = re.findall(rb"(\d+) events lost", err)


def measure(kind):
    n = max(100, int(seconds * 1e6 / loop(kind, 1000)))
    ratios, base, traced, per_event, lost = [], [], [], [], 0
    for _ in range(pairs):
        alone = loop(kind, n)
        with Tracer() as t:
            watched = loop(kind, n)
            cpu = t.cpu()
        lost += sum(int(x) for x in t.lost)
        ratios.append(watched / alone)
        base.append(alone)
        traced.append(watched)
        per_event.append(cpu / (n * EVENTS[kind]) * 1e6)
    q = statistics.quantiles(ratios, n=4)
    return {
        "workload": kind, "pairs": pairs, "operations": n,
        "alone_us": statistics.median(base), "traced_us": statistics.median(traced),
        "ratio": statistics.median(ratios), "ratio_quartiles": [q[0], q[2]],
        "reader_us_per_event": statistics.median(per_event), "lost": lost,
    }


for kind in EVENTS:
    print(json.dumps(measure(kind)), flush=True)
