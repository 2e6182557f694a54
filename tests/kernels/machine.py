#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""brood on a whole machine that nobody else uses: one kernel, all ways to load the probes.

    machine.py BROOD TEST
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

BROOD = sys.argv[1]


def brood(*args, status=0):
    done = subprocess.run([BROOD, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False, timeout=60)
    if done.returncode != status:
        print(f"brood {' '.join(args)}: exit status {done.returncode}\n{done.stderr}")
        # What the verifier had to say about it.
        again = subprocess.run([BROOD, args[0], "-v", *args[1:]], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True, check=False, timeout=60)
        print("\n".join(again.stderr.splitlines()[-60:]))
        sys.exit(1)
    return done.stdout


def test_check():
    """fentry on release_task is allowed on all of these kernels."""
    said = brood("check")
    print(said)
    assert re.search(r"reap source +release_task\b", said)
    assert "brood can watch this machine." in said


def test_options():
    """Each of them leaves other branches to the verifier."""
    for options in (["--threads"], ["--kernel-threads"], ["--uid", "0"], ["--comm", "nobody"],
                    ["--cgroup", "/sys/fs/cgroup"], ["--pidns", "/proc/self/ns/pid"],
                    ["--pid", str(os.getpid())], ["--args-max", "64K"],
                    ["--uid", "0", "--comm", "x", "--pidns", "/proc/self/ns/pid", "--cgroup",
                     "/sys/fs/cgroup", "--threads", "--kernel-threads"]):
        brood("log", "--for", "0.1", *options)


def test_whole_machine():
    """Everything for a while, with a known amount of it."""
    watch = subprocess.Popen([BROOD, "export", "--format", "jsonl"], stdout=subprocess.PIPE,
                             text=True)
    told = [json.loads(watch.stdout.readline())]    # meta: it watches
    mine = set()
    for i in range(50):
        pid = os.fork()
        if not pid:
            os._exit(i)
        os.waitpid(pid, 0)
        mine.add((pid, i))
    watch.send_signal(signal.SIGINT)
    told += [json.loads(line) for line in watch.stdout]
    assert watch.wait() == 0
    end = told[-1]
    print(end)
    assert end["type"] == "end" and end["lost"] == 0
    assert [e["seq"] for e in told] == list(range(1, len(told) + 1))
    assert all(a["ts"] <= b["ts"] for a, b in zip(told, told[1:]))
    assert mine <= {(e["pid"], e["code"]) for e in told if e["type"] == "exit"}
    reaps = {e["pid"]: e for e in told if e["type"] == "reap"}
    for pid, _ in mine:
        assert reaps[pid]["exact"] and reaps[pid]["by"]["pid"] == os.getpid(), reaps[pid]
    listed = {e["pid"] for e in told if e["type"] == "snapshot"}
    assert {1, os.getpid()} <= listed


def test_burst():
    """Two CPUs full of short programs: nothing is lost, neither for want of room in the ring
    nor because the kernel skipped a probe while another task was preempted in it."""
    script = "for i in 1 2 3 4 5 6; do (for j in 1 2 3 4 5 6 7 8 9 10; do /bin/true; done) & done; wait"
    for _ in range(5):
        told = [json.loads(line) for line in
                brood("export", "-o", "-", "--", "/bin/sh", "-c", script).splitlines()]
        losses = [e for e in told if e["type"] == "loss"]
        print(os.uname().version, told[-1], losses)
        assert not losses
        assert told[-1]["forks"] == 66 and told[-1]["exits"] == 67


def test_ps():
    said = brood("ps")
    print(said)
    assert "init" in said and os.path.basename(sys.argv[0])[:8] in said or "python" in said


def test_load_time():
    """Of the verifier above all.  Printed, and bounded generously: this machine is emulated."""
    start = time.monotonic()
    brood("log", "--", "/bin/true")
    took = time.monotonic() - start
    print(f"{took:.2f} s")
    assert took < 15


if __name__ == "__main__":
    globals()["test_" + sys.argv[2]]()
