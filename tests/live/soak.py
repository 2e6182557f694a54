#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A long day: processes come and go by the million, and brood stays as it was.

usage: soak.py LIVES

`brood record` (into a directory, rotating) and `brood summary` watch the whole machine while
LIVES processes are born, every 16th becomes another program, all end and are waited for.  Ten
million are a busy day.  A table shows every tenth of them; at the end the processes that the
trace has alive are compared with those that are.  Status 1 if memory or descriptors grew, if
something was lost, or if there is a difference.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BUILD", os.path.join(HERE, "..", "..", "build"))
BROOD = os.path.join(BUILD, "brood")
EVERY = 16              # an exec in so many lives
STORMS = 2              # side by side
# From the fourth tenth on, above the most before.  A kernel that tells reaps late, on a busy machine,
# has some thousand ends waiting at a time; half a byte a life would show in ten million.
GROWTH_KIB = 4096
TICKS = os.sysconf("SC_CLK_TCK")


def figures(pid):
    """(resident KiB, open descriptors, CPU seconds) of a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        resident = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    with open(f"/proc/{pid}/stat", "rb") as f:
        stat = f.read().rpartition(b") ")[2].split()
    return resident, len(os.listdir(f"/proc/{pid}/fd")), (int(stat[11]) + int(stat[12])) / TICKS


def start_of(pid):
    """Start time in ticks; None: it is not there, or only as a zombie, or is a kernel thread."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            stat = f.read().rpartition(b") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if stat[0] in b"ZX" or int(stat[6]) & 0x00200000 else int(stat[19])


def here():
    return {(int(name), start) for name in os.listdir("/proc")
            if name.isdigit() and (start := start_of(name)) is not None}


def kept(directory):
    """(who is alive in the trace at its end, events lost)"""
    alive, lost = set(), None
    reader = subprocess.Popen([BROOD, "export", directory], stdout=subprocess.PIPE)
    for text in reader.stdout:
        line = json.loads(text)
        kind = line["type"]
        if kind == "fork" or (kind == "snapshot" and line["state"] == "alive"):
            alive.add(line["id"])
        elif kind in ("exit", "reap"):
            alive.discard(line["id"])
        elif kind == "end":
            lost = line["lost"]
    if reader.wait() or lost is None:
        sys.exit("soak: the trace cannot be read to its end")
    ids = (name.split("-") for name in alive)
    return {(int(pid), int(start) * TICKS // 10**9) for pid, start in ids}, lost


def ready(processes, directory):
    """All have their probes attached once they have given up their privileges."""
    def dropped(pid):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            return "NoNewPrivs:\t1" in f.read()
    until = time.monotonic() + 30
    while not all(dropped(p.pid) for p in processes) or not os.listdir(directory):
        if time.monotonic() > until:
            sys.exit("soak: brood does not begin")
        time.sleep(0.05)


class Soak:

    def __init__(self, directory):
        self.trace = os.path.join(directory, "trace")
        os.mkdir(self.trace)
        self.summary = os.path.join(directory, "summary")
        with open(self.summary, "w", encoding="utf-8") as out:
            self.watchers = {
                "record": subprocess.Popen([BROOD, "record", "-o", self.trace, "--rotate", "4M",
                                            "--keep", "8"]),
                "summary": subprocess.Popen([BROOD, "summary"], stdout=out),
            }
        self.rows = []

    def look(self, lives, began):
        row = {"lives": lives, "s": time.monotonic() - began}
        for name, process in self.watchers.items():
            row[name] = figures(process.pid)
        self.rows.append(row)
        print(f"{lives:>10,} {row['s']:>7.0f} " + " ".join(
            f"{row[name][0]:>11,} {row[name][1]:>5} {row[name][2]:>7.1f}"
            for name in self.watchers), flush=True)

    def run(self, lives):
        ready(self.watchers.values(), self.trace)
        print(f"{'':>18} " + " ".join(f"{name:-^25}" for name in self.watchers))
        print(f"{'lives':>10} {'s':>7} " + " ".join([f"{'memory/KiB':>11} {'files':>5} "
                                                     f"{'CPU/s':>7}"] * len(self.watchers)))
        began = time.monotonic()
        for tenth in range(1, 11):
            storms = [subprocess.Popen([os.path.join(BUILD, "live", "lives"),
                                        str(lives // 10 // STORMS), str(EVERY)])
                      for _ in range(STORMS)]
            if any(storm.wait() for storm in storms):
                sys.exit("soak: a storm failed")
            self.look(tenth * (lives // 10 // STORMS) * STORMS, began)

    def stop(self):
        for process in self.watchers.values():
            process.send_signal(signal.SIGTERM)
        return [name for name, process in self.watchers.items() if process.wait()]

    def grown(self):
        """What was not flat, in words."""
        for name in self.watchers:
            early, late = self.rows[:3], self.rows[3:]
            for i, (what, slack) in enumerate((("KiB of memory", GROWTH_KIB), ("files", 0))):
                before, after = (max(r[name][i] for r in rows) for rows in (early, late))
                if after > before + slack:
                    yield f"{name}: {before} {what}, then {after}"


def main(argv):
    if len(argv) != 2 or not argv[1].isdigit() or int(argv[1]) < 1000:
        print("usage: soak.py LIVES (1000 at least)", file=sys.stderr)
        return 2
    directory = tempfile.mkdtemp(prefix="brood-soak-")
    soak = Soak(directory)
    try:
        soak.run(int(argv[1]))
        before, listed = here(), time.clock_gettime(time.CLOCK_BOOTTIME)
        problems = [f"{name}: it failed" for name in soak.stop()]
        after = here()
        problems += soak.grown()
        alive, lost = kept(soak.trace)
        with open(soak.summary, encoding="utf-8") as f:
            problems += ["summary: " + line.strip() for line in f
                         if line.startswith("Lost ") and "nothing" not in line]
    finally:
        for process in soak.watchers.values():
            process.kill()
        shutil.rmtree(directory, ignore_errors=True)
    # Who came or went while brood was ending may be told or not.
    brood = {process.pid for process in soak.watchers.values()}
    ghosts = {p for p in alive - before if p[1] < int(listed * TICKS) and p[0] not in brood}
    missing = {p for p in before & after if p not in alive}
    if lost:
        problems.append(f"{lost} events were lost")
    problems += [f"a ghost: {pid}" for pid, _ in ghosts]
    problems += [f"unknown: {pid}" for pid, _ in missing]
    for problem in problems:
        print("soak:", problem)
    print(f"{len(before & after)} alive, {len(missing)} of them unknown, {len(ghosts)} ghosts, "
          f"{lost} events lost: {'not ' if problems else ''}flat")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
