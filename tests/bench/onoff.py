#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What brood's probes and its reader slow down, told to a fraction of a hundredth.

usage: onoff.py BUILD_DIR       (root; make bench-onoff)

environment: ROUNDS=300     of each workload
             SECONDS=0.1    that a loop takes
             ON=REGEX       of the workloads' names
             AS=log         record, log

One brood watches all the time.  Its probes are detached and attached again as each short run of
a workload begins (toggle.c), so what is compared is a moment apart, where cost.py has to start
and end a tracer in between, on a machine whose speed drifts by more in that time than is to be
measured.  Before each run the same goes on for as long as the reader naps, so that what it
takes in is as much as happens: of the time before, instead of the last of the run.

A round is two runs with the probes, in one of which brood itself is stopped (SIGSTOP) and its
ring fills, and two without, in all orders in turn; one of those without takes the part of a
tracer that costs nothing.  The figure is the median of the rounds' ratios, and where it lies
with 95 % confidence.
"""
import itertools
import math
import os
import random
import re
import signal
import socket
import statistics
import sys
import tempfile

import report
from tracers import TRACERS, Running
from workloads import WORKLOADS, Place

ROUNDS = int(os.environ.get("ROUNDS") or 300)
SECONDS = float(os.environ.get("SECONDS") or 0.1)
ON = os.environ.get("ON") or "fork|exec|thread|call"
AS = os.environ.get("AS") or "log"
NAP = {"log": 0.05, "record": 0.5}      # how long the reader lets events gather
KINDS = ("with", "stopped", "without", "nothing")
ORDERS = list(itertools.permutations(KINDS))
random.Random(1).shuffle(ORDERS)        # as they come, six in a row begin with the same

signal.signal(signal.SIGINT, signal.default_int_handler)


class Switch:
    """A brood that watches all, and whose probes can be detached."""

    def __init__(self, build, directory):
        tracer = next(t for t in TRACERS if t.name == f"brood {AS}")
        self.word, other = socket.socketpair()
        env = dict(os.environ, LD_PRELOAD=f"{build}/bench/toggle.so", TOGGLE=str(other.fileno()))
        self.brood = Running(tracer, f"{build}/brood", f"{directory}/out", env=env,
                             pass_fds=[other.fileno()])
        other.close()

    def turn(self, on):
        byte = b"1" if on else b"0"
        self.word.send(byte)
        if self.word.recv(1) != byte:
            sys.exit(f"onoff.py: probes {'attached' if on else 'detached'}: no")

    def stop(self):
        self.brood.child.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.brood.child.send_signal(signal.SIGCONT)

    def end(self):
        self.brood.stop()


def run(place, switch, workload, kind):
    """Seconds that it took.  It begins and ends in sight, whatever is between."""
    def before():
        switch.turn(False)
        if kind in ("with", "stopped"):
            switch.turn(True)
        if kind == "stopped":
            switch.stop()
        place.run(workload, max(1, int(place.n[workload] * NAP[AS] / SECONDS)))

    def after():
        switch.go_on()
        switch.turn(True)
    return place.hold(workload, place.start(workload), before, after).seconds


def median(ratios):
    """With the ranks that hold it in 95 of 100 cases."""
    n, ratios = len(ratios), sorted(ratios)
    off = 0.98 * math.sqrt(n)
    low, high = max(0, math.floor(n / 2 - off)), min(n - 1, math.ceil(n / 2 + off))
    return f"{statistics.median(ratios):.4f} ({ratios[low]:.3f}–{ratios[high]:.3f})"


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    if os.geteuid():
        sys.exit("onoff.py: needs root")
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        place = Place(directory, build, SECONDS)
        switch = Switch(build, directory)
        try:
            for w in (w for w in WORKLOADS if re.search(ON, w.name)):
                took = {kind: [] for kind in KINDS}
                for i in range(ROUNDS):
                    for kind in ORDERS[i % len(ORDERS)]:
                        took[kind].append(run(place, switch, w, kind))
                ratios = {k: [a / b for a, b in zip(took[k], took["without"])] for k in took}
                turn = statistics.median(took["without"]) / place.n[w] * 1e6
                rows.append([w.name[2:], f"{turn:.1f}", median(ratios["with"]),
                             median(ratios["stopped"]), median(ratios["nothing"])])
                print(*rows[-1], flush=True)
        finally:
            switch.end()
    print()
    print(report.table(["workload", "a turn, µs", f"brood {AS}", "brood stopped", "nothing"], rows))


if __name__ == "__main__":
    main()
