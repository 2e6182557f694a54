#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does brood tell what happened?  Random process trees, and their own journals.

usage: tests/live/grove_check.py [--whole] [--show] SEED [LAST [SEEDS_A_RUN]]

Grows the grove of each seed (tests/live/grove) under brood and compares the trace with what
its processes wrote down.  What is certain is demanded, and nothing else may be in the trace:

  every process, once, with its creator (and the thread), birth parent, flags, user, PID in
  its namespace; every exec with file, interpreter, arguments, thread, name; its status as
  wait4() told whoever waited; who that was; each parent that it saw; an orphan line for each
  parent that it outlived and no other; killers; what was left at the end.

Where a process was killed at a moment that nobody can know, what it had begun may or may not
have been done; where two things happen at once, either order will do.  --whole watches the
whole machine instead of following the command; --show prints journal and trace of what
disagrees.  Status 1 if anything does.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

from grove_compare import Comparison
from grove_journal import Journal
from grove_world import World
from trace_lines import Trace

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "..", "..", "build")))
PATIENCE = 200              # seconds for one run, on a busy or slow machine
TRIES = 10                  # for a run in which no events are lost
JOBS = 4                    # trees that grow at the same time


# --- a run ------------------------------------------------------------------------------------


def run(directory, first, last, whole=False, options=(), jobs=JOBS):
    """Grow them; (world, journals).  The directory gets the trace and the journals."""
    os.chmod(directory, 0o755)
    reaper, grove = (os.path.join(BUILD, "live", name) for name in ("reaper", "grove"))
    brood = os.path.join(BUILD, "brood")
    trace = os.path.join(directory, "trace")
    export = [brood, "export", "--zombie-after", "10min", *options, "-o", trace]
    command = [grove, str(first), str(last), str(jobs)]
    gate, hold = os.pipe()
    watch = under = None
    env = dict(os.environ, REAPER_LOG=os.path.join(directory, "reaped"))
    try:
        if whole:
            watch = subprocess.Popen(export)
            while not os.path.exists(trace) or not os.path.getsize(trace):
                assert watch.poll() is None, "brood does not watch"
                time.sleep(0.005)
            under = subprocess.Popen(
                [reaper, "sh", "-c", '"$@" && echo done; exec cat', "sh", *command],
                cwd=directory, stdin=gate, stdout=subprocess.PIPE, env=env, start_new_session=True)
            assert under.stdout.readline() == b"done\n", "the grove failed"
            watch.send_signal(2)
            status = watch.wait(PATIENCE)
        else:
            under = subprocess.Popen([reaper, *export, "--", *command], cwd=directory, stdin=gate,
                                     env=env, start_new_session=True)
            status = under.wait(PATIENCE)
    finally:
        os.close(hold)
        os.close(gate)
        if watch and watch.poll() is None:
            watch.kill()
        if under and under.poll() is None:
            try:
                under.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(under.pid, 9)
                under.wait()
        if under and under.stdout:
            under.stdout.close()
    assert status == 0, f"brood's exit status is {status}"
    reaped = {}
    with open(env["REAPER_LOG"], encoding="ascii") as f:
        for line in f:
            pid, start, status = map(int, line.split())
            reaped[pid, start] = status
    with open(trace, "rb") as f:
        world = World(Trace(f.read(), 600_000_000_000), under.pid, reaped)
    return world, [Journal(os.path.join(directory, str(s))) for s in range(first, last + 1)]


def compare(world, journals):
    """[(seed, problems, journal)], with seed None for what belongs to none."""
    if world.trace.end["lost"]:     # and what is inferred then is another matter
        return [(None, [f"{world.trace.end['lost']} events lost"], None)], 0
    found, lives = [], 0
    for journal in journals:
        c = Comparison(world, journal)
        lives += len(c.of_process)
        if c.problems:
            found.append((journal.seed, c.problems, c))
    problems = []
    gardener = next((p for p in world.trace.processes.values()
                     if any(child.id in world.claimed for child in world.made[p.id])), None)
    for extra in world.descendants(gardener) if gardener else ():
        if extra is not gardener and extra.id not in world.claimed:
            problems.append(f"no journal knows PID {extra.pid} {extra.id}")
    if problems:
        found.append((None, problems, None))
    return found, lives


def check(first, last, whole=False, options=(), jobs=JOBS):
    """(world, what disagrees, how many processes)"""
    directory = tempfile.mkdtemp(prefix="grove-")
    try:
        world, journals = run(directory, first, last, whole, options, jobs)
        return (world, *compare(world, journals))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def check_unlost(first, last, whole):
    """check(); where events were lost, each seed alone and again.

    What was lost cannot be compared, and that it was lost was told.
    """
    result = check(first, last, whole)
    if not result[0].trace.end["lost"]:
        yield result
        return
    for seed in range(first, last + 1):
        for _ in range(TRIES):
            result = check(seed, seed, whole, jobs=1)
            if not result[0].trace.end["lost"]:
                break
        yield result


def show(world, comparison):
    print(comparison.journal)
    print("reaped by the adopter:", {k: v for k, v in world.reaped.items()
                                     if k[0] in {p.process.pid for p in
                                                 comparison.of_process.values()}})
    ids = set(comparison.of_process)
    for raw, line in zip(world.trace.output.split(b"\n"), world.trace.lines):
        if line.get("id") in ids:
            print(raw.decode())


def how_late(late, exact):
    if exact or not late:
        return ""
    ms = [t / 1e6 for t in sorted(late)]
    soon = sum(t < 100 for t in ms)
    return (f", {len(ms)} reaps told {ms[len(ms) // 2]:.0f} ms late (median), "
            f"{ms[len(ms) * 99 // 100]:.0f} (99 %), {ms[-1]:.0f} (the latest), "
            f"{len(ms) - soon} of them 100 ms or more")


def main(argv):
    whole, shows = "--whole" in argv, "--show" in argv
    numbers = [int(a) for a in argv if not a.startswith("-")]
    if not 1 <= len(numbers) <= 3:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    first, last = numbers[0], numbers[min(len(numbers), 2) - 1]
    step = numbers[2] if len(numbers) == 3 else 100
    bad, lives, late, exact, runs = [], 0, [], True, 0
    for world, found, n in (result for at in range(first, last + 1, step)
                            for result in check_unlost(at, min(at + step - 1, last), whole)):
        runs += 1
        for _, problems, comparison in found:
            if shows and comparison:
                show(world, comparison)
            print("\n".join(problems[:20]), flush=True)
        bad += [seed for seed, _, _ in found]
        lives, late, exact = lives + n, late + world.late, world.exact
    print(f"{last - first + 1} seeds, {lives} processes{how_late(late, exact)}, "
          f"{len(bad)} disagreements"
          + (f": seeds {bad}" if bad else "")
          + f", {runs} runs")
    if bad:
        print("    repeat: tests/live/grove_check.py --show", bad[0])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
