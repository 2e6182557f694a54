#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""How large traces are, what recording costs, how fast they are read and in how much memory.

usage: trace.py BUILD_DIR [SOURCE_DIR [MILLIONS]]     (root; make bench-trace)

SOURCE_DIR: an unpacked package with a ./configure (apt-get source grep), of which a copy is
configured and made with -j2; without it that row is missing.  MILLIONS: events of the long
trace, 100 unless told; it takes 10 bytes for each in $TMPDIR.

Each workload is recorded with all its descendants and nothing else.  The recorder's CPU
time is that of all threads of the brood process from when its probes are attached to its end.
Reading is measured on a million events, made of the recorded ones by repetition; rates are
per second of CPU time, user and system, medians of 5 runs.
"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

# A shell starts background jobs with this ignored, and brood would honour that.
signal.signal(signal.SIGINT, signal.default_int_handler)

build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
source = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else None
millions = int(sys.argv[3]) if len(sys.argv) > 3 and sys.argv[3] else 100
RUNS = 5
BROOD = f"{build}/brood"
READ = f"{build}/bench/read"
VIEWS = {
    "log": [BROOD, "log", "-o", "/dev/null"],
    "summary": [BROOD, "summary", "-o", "/dev/null"],
    "jsonl": [BROOD, "export", "--format", "jsonl", "-o", "/dev/null"],
    "processes": [BROOD, "export", "--format", "processes", "-o", "/dev/null"],
}


def cpu_seconds(pid):
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def attached(pid):
    """Its probes are linked, and it sleeps: the snapshot is taken."""
    fds = f"/proc/{pid}/fd"
    try:
        links = [os.readlink(f"{fds}/{fd}") for fd in os.listdir(fds)]
        with open(f"/proc/{pid}/stat") as f:
            state = f.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state == "S" and sum("bpf" in x and "link" in x for x in links) >= 6


def finish(child):
    """Wait for it; returns its CPU seconds and its peak of memory in KiB.

    ru_maxrss would tell of this script's memory, which the child had until its exec.
    """
    peak = 0
    with open(f"/proc/{child.pid}/status") as status:
        while not os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
            status.seek(0)
            peak = max([peak] + [int(x) for x in re.findall(r"VmHWM:\s*(\d+)", status.read())])
            time.sleep(0.01)
    _, how, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(how)
    if child.returncode:
        sys.exit(f"trace.py: {' '.join(child.args)}: status {child.returncode}")
    return usage.ru_utime + usage.ru_stime, peak


def record(command, directory, trace):
    """Record a command and its descendants; returns CPU seconds and elapsed seconds."""
    held = subprocess.Popen(["sh", "-c", "read go && " + command], cwd=directory,
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    brood = subprocess.Popen([BROOD, "record", "-o", trace, "--pid", str(held.pid)])
    deadline = time.monotonic() + 30
    while not attached(brood.pid):
        if time.monotonic() > deadline:
            brood.kill()
            sys.exit("trace.py: brood did not start")
        time.sleep(0.01)
    before, start = cpu_seconds(brood.pid), time.monotonic()
    held.communicate(b"go\n")
    elapsed = time.monotonic() - start
    if held.returncode:
        brood.kill()
        sys.exit(f"trace.py: {command}: status {held.returncode}")
    time.sleep(0.1)     # a late reap, so that the trace is whole; nothing depends on it
    brood.send_signal(signal.SIGINT)
    return finish(brood)[0] - before, elapsed


def read(what, trace):
    out = subprocess.run([READ, what, trace], check=True, capture_output=True, text=True)
    events, seconds = out.stdout.split()
    return int(events), float(seconds)


def show(view, trace):
    return finish(subprocess.Popen(VIEWS[view] + [trace]))


def lines(fmt, trace):
    """How many, and the last one."""
    n, last = 0, None
    with subprocess.Popen([BROOD, "export", "--format", fmt, trace],
                          stdout=subprocess.PIPE) as brood:
        for last in brood.stdout:
            n += 1
    return n, json.loads(last)


def repeated(trace, to, events):
    out = subprocess.run([f"{build}/bench/repeat", trace, to, str(events)], check=True,
                         capture_output=True, text=True)
    return int(out.stdout)


def median_rate(events, seconds):
    return events / statistics.median(seconds() for _ in range(RUNS)) / 1e6


def workloads(tmp):
    loop = f"{build}/bench/loop"
    if source:
        # A patched package would make its own makefiles and manual anew, if it had the tools.
        tools = " ".join(f"{x}=:" for x in
                         ("ACLOCAL", "AUTOCONF", "AUTOHEADER", "AUTOMAKE", "MAKEINFO"))
        shutil.copytree(source, f"{tmp}/source", symlinks=True)
        yield "configure, make -j2", f"./configure && make -j2 {tools}", f"{tmp}/source"
    yield "fork, exit, wait", f"{loop} fork 50000", tmp
    yield "vfork, exec, wait", f"{loop} exec 20000", tmp


def recording(tmp):
    traces = {}
    print(f"{'recorded':20} {'events':>9} {'per s':>7} {'lost':>5} {'bytes/event':>12} "
          f"{'CPU µs/event':>13}")
    for name, command, directory in workloads(tmp):
        trace = f"{tmp}/{len(traces)}.brood"
        cpu, elapsed = record(command, directory, trace)
        events, _ = read("decode", trace)
        end = lines("jsonl", trace)[1]
        print(f"{name:20} {events:9} {events / elapsed:7.0f} {end['lost']:5} "
              f"{os.path.getsize(trace) / events:12.1f} {cpu / events * 1e6:13.2f}", flush=True)
        traces[name] = trace
    return traces


def reading(tmp, traces):
    print(f"\n{'million events/s':20} {'decode':>9} {'+ model':>9}"
          + "".join(f"{view:>10}" for view in VIEWS))
    for name, trace in traces.items():
        million = f"{tmp}/million.brood"
        n = repeated(trace, million, 1000000)
        row = [median_rate(n, lambda w=what: read(w, million)[1]) for what in ("decode", "model")]
        row += [median_rate(n, lambda v=view: show(v, million)[0]) for view in VIEWS]
        print(f"{name:20}" + "".join(f"{rate:10.2f}" for rate in row), flush=True)


def memory(tmp, name, trace):
    """Views of a long trace; and what those that keep all need for each process."""
    big = f"{tmp}/long.brood"
    n = repeated(trace, big, millions * 1000000)
    print(f"\n{n} events of {name}: {os.path.getsize(big) / 2**20:.0f} MiB")
    for view in VIEWS:
        seconds, kib = show(view, big)
        print(f"{view:20} {n / seconds / 1e6:6.2f} million events/s {kib / 1024:8.1f} MiB",
              flush=True)
    os.unlink(big)
    repeated(trace, big, 1000000)
    rows = lines("processes", big)[0]
    kib = finish(subprocess.Popen([BROOD, "tree", "-o", "/dev/null", big]))[1]
    print(f"tree of {rows} processes: {kib / 1024:.0f} MiB, "
          f"{(kib - show('log', big)[1]) * 1024 / rows:.0f} bytes for each")


with tempfile.TemporaryDirectory() as directory:
    made = recording(directory)
    reading(directory, made)
    memory(directory, *next(iter(made.items())))
