#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares what brood tells of a case of fates.c with what the kernel told fates.

    facts.py BROOD FATES CASE

Exit status 0: they agree; 1: they do not, and each disagreement was printed.
"""

import collections
import json
import os
import subprocess
import sys
import tempfile

# What only release_task tells: that a wait which is due was not needed, and a tracer's.
EXACT_ONLY = ("handed-to-ignorer", "traced-and-ignored")

TRIES = 5                  # for a run in which no events are lost
LAST_MOMENTS_US = 5000     # long ones, on an emulated CPU
UNIMPORTANT = ("time", "seq", "id", "parent", "cgroup_id", "pid_ns")

problems = []


concerned = set()       # PIDs that they are about


def check(condition, *words):
    if not condition:
        problems.append(" ".join(str(w) for w in words))
        concerned.add(words[0])


def run(brood, fates, case):
    """What brood wrote and what fates wrote, each a list of objects."""
    with tempfile.TemporaryDirectory() as tmp:
        trace = os.path.join(tmp, "trace")
        done = subprocess.run(
            [brood, "export", "--format", "jsonl", "-o", trace, "--", fates, case],
            stdout=subprocess.PIPE, text=True, check=False)
        check(done.returncode == 0, "brood's exit status is", done.returncode)
        with open(trace, encoding="utf-8") as f:
            told = [json.loads(line) for line in f]
    return told, [json.loads(line) for line in done.stdout.splitlines()]


def check_stream(told):
    """What holds for every trace."""
    check(told[0]["type"] == "meta" and told[-1]["type"] == "end", "not from meta to end")
    check([e["seq"] for e in told] == list(range(1, len(told) + 1)), "seq has gaps")
    ts = [e["ts"] for e in told]
    check(ts == sorted(ts), "ts goes backwards")
    end = told[-1]
    check(end["lost"] == 0, end["lost"], "events lost")
    for kind in "fork", "exec", "exit", "reap":
        n = sum(e["type"] == kind for e in told)
        check(n == end[kind + "s"], f"end says {end[kind + 's']} {kind}s, there are {n}")
    check(end["exits"] == end["forks"] + 1, f"{end['forks']} forks but {end['exits']} exits")
    check(end["reaps"] == end["exits"], f"{end['exits']} exits but {end['reaps']} reaps")


def status_of(e):
    if "signal" in e:
        return e["signal"] | (0x80 if e["core"] else 0)
    return e["code"] << 8 if e["code"] is not None else None


def check_end(truth, exact, events):
    """One process: one exit, one reap, and both as the kernel has it."""
    pid = truth["pid"]
    exits = [e for e in events if e["type"] == "exit"]
    reaps = [e for e in events if e["type"] == "reap"]
    check(len(exits) == 1, pid, "has", len(exits), "exits")
    check(len(reaps) == 1, pid, "has", len(reaps), "reaps")
    if len(exits) != 1 or len(reaps) != 1:
        return
    end, reap = exits[0], reaps[0]
    if truth["status"] is not None:
        check(status_of(end) == truth["status"],
              pid, "has status", status_of(end), "but wait4 says", truth["status"])
    # A reap that the kernel did by itself may be told late anywhere: nobody waited for it.
    by = reap["by"]["pid"] if reap["by"] else 0
    if exact and not reap["autoreap"]:
        check(reap["exact"], pid, "was not reaped exactly")
    check(reap["autoreap"] == (truth["by"] == 0), pid, "autoreap is", reap["autoreap"])
    check(by == truth["by"], pid, "was reaped by", by, "but should be by", truth["by"])
    check(reap["zombie_ns"] is not None and 0 <= reap["zombie_ns"] <= reap["ts"] - end["ts"],
          pid, "was a zombie for", reap["zombie_ns"])
    if "cpu_us" in truth:
        # The last moments of a process, until its CPU is given to another, may come after
        # wait4 looked.  No less than that, and no thread of fates.c counted twice.
        check(0 <= reap["cpu_ns"] / 1000 - truth["cpu_us"] < LAST_MOMENTS_US,
              pid, "used", reap["cpu_ns"] / 1000, "us but wait4 says", truth["cpu_us"])


def main():
    for _ in range(TRIES):
        problems.clear()
        told, truths = run(*sys.argv[1:4])
        # Where the kernel skips probes, that was told; what was lost cannot be compared.
        if not told[-1]["lost"]:
            break
        print("again:", told[-1]["lost"], "events lost")
    check_stream(told)
    check(truths, "fates told nothing")
    exact = told[0]["reap_source"] == "release_task"
    events = collections.defaultdict(list)
    for e in told:
        events[e.get("pid")].append(e)
    for truth in truths if exact or sys.argv[3] not in EXACT_ONLY else []:
        check_end(truth, exact, events[truth["pid"]])
    if problems:
        print("\n".join(problems[:20]))
        print(f"{len(problems)} disagreements; what brood told of it:")
        about = [e for e in told if e["type"] == "end" or e.get("pid") in concerned]
        for e in about[:40]:
            print(json.dumps({k: v for k, v in e.items() if k not in UNIMPORTANT}))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
