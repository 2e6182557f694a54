#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What tracing costs, beside the other tracers that Debian has.

usage: cost.py BUILD_DIR        (root; make bench)

environment: QUICK=1    a first look, in 4 minutes
             PAIRS=15   runs alone and traced of each workload with each tracer
             SECONDS=0.25   that a loop takes
             IDLE=30    seconds that an idle machine is watched
             STORM=60   seconds of the fork storm
             ONLY=REGEX     of the tracers' names
             ON=REGEX       of the workloads' names

Each pair is a run alone and one traced, in turn, so that a machine whose speed drifts slows
both; the figure is the median of the pairs' ratios, with its quartiles.  Alone means next to a
process that sleeps and is started and ended as a tracer is; in every other pair it comes
second.  That same process is the first row: what a tracer would have that costs nothing.  A
tracer's CPU time is that of all its threads and processes while the workload ran and for 0.6 s
after it, when it takes in what is left (in the first three pairs).  What happened the workload
itself has counted, what was seen stands in what the tracer wrote.

Prints the tables, writes BUILD_DIR/bench/cost.json, and puts the tables into docs/cost.md.
"""
import collections
import contextlib
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

import report
from tracers import NOTHING, PACKAGES, TRACERS, Broken, Running, read
from workloads import WORKLOADS, Failed, Place

# A shell starts background jobs with this ignored, and tracers would honour that.
signal.signal(signal.SIGINT, signal.default_int_handler)

QUICK = os.environ.get("QUICK", "") not in ("", "0")
BUSY = 0.05     # share of the CPUs' time that others may take before we call it noise


def setting(name, usual, quick):
    return type(usual)(os.environ.get(name) or (quick if QUICK else usual))


PAIRS = setting("PAIRS", 15, 3)
SECONDS = setting("SECONDS", 0.25, 0.1)
IDLE = setting("IDLE", 30.0, 10.0)
STORM = setting("STORM", 60.0, 5.0)
SETTLE = 0.6    # brood record looks twice a second
CPU_ROUNDS = 3  # of the pairs; the others do not wait for the tracer to settle


def install(packages):
    missing = [p for p in packages if subprocess.run(
        ["dpkg-query", "-W", "-f=${Status}", p], capture_output=True, text=True,
        check=False).stdout != "install ok installed"]
    if not missing:
        return
    print("installing Debian packages:", *missing, flush=True)
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    quiet = {"stdout": subprocess.DEVNULL, "env": env, "check": False}
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
    if subprocess.run(command + missing, stderr=subprocess.DEVNULL, **quiet).returncode:
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        for package in missing:     # one that is not to be had is a row that says so
            subprocess.run(command + [package], **quiet)


@contextlib.contextmanager
def tracefs():
    """The peers need it, brood does not."""
    where = "/sys/kernel/tracing"
    ours = not os.path.exists(f"{where}/events") and subprocess.run(
        ["mount", "-t", "tracefs", "tracefs", where], stderr=subprocess.DEVNULL,
        check=False).returncode == 0
    try:
        yield
    finally:
        if ours:
            subprocess.run(["umount", where], stderr=subprocess.DEVNULL, check=False)


def busy_share(seconds=2.0):
    """Of all CPUs' time, what is not idle, and what the hypervisor took."""
    def look():
        return [int(x) for x in read("/proc/stat").split("\n", 1)[0].split()[1:9]]
    before = look()
    time.sleep(seconds)
    spent = [b - a for a, b in zip(before, look())]
    total = sum(spent) or 1
    return {"busy": 1 - (spent[3] + spent[4]) / total, "steal": spent[7] / total,
            "loadavg": read("/proc/loadavg").split()[:3]}


def machine():
    cpus = re.findall(r"^model name\s*:\s*(.*)", read("/proc/cpuinfo"), re.M)
    memory = int(re.search(r"MemTotal:\s*(\d+)", read("/proc/meminfo"))[1])
    system = re.search(r'^PRETTY_NAME="?(.*?)"?$', read("/etc/os-release"), re.M)
    return {"cpus": os.cpu_count(), "model": cpus[0] if cpus else os.uname().machine,
            "virtual": " hypervisor " in read("/proc/cpuinfo"),
            "memory_gib": round(memory / 2**20, 1), "kernel": os.uname().release,
            "system": system[1] if system else "unknown"}


def version(tracer):
    if not tracer.package:
        return "this tree" if tracer.kinds else None
    return subprocess.run(["dpkg-query", "-W", "-f=${Version}", tracer.package],
                          capture_output=True, text=True, check=False).stdout or None


class Cell:
    """A workload under a tracer, over all pairs."""

    def __init__(self):
        self.alone, self.traced = [], []
        self.cpu, self.cpu_over, self.cpu_events = 0.0, 0.0, 0
        self.seen, self.happened = collections.Counter(), collections.Counter()

    def add(self, tracer, alone, traced, cpu):
        self.alone.append(alone.seconds)
        self.traced.append(traced.seconds)
        self.happened.update(traced.happened)
        if cpu is not None:
            self.cpu += cpu
            self.cpu_over += traced.seconds
            self.cpu_events += self.events(tracer, traced.happened)
            self.cpu_events += self.events(tracer, traced.unnamed)

    @staticmethod
    def events(tracer, happened):
        """As many as it could tell of; whoever exits is also reaped."""
        return sum(happened["exit" if kind == "reap" else kind] for kind in tracer.kinds)

    def figures(self, tracer):
        ratios = [t / a for t, a in zip(self.traced, self.alone)]
        q = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
        told = [k for k in tracer.kinds if k != "reap"]
        happened = sum(self.happened[k] for k in told)
        seen = sum(min(self.seen[k], self.happened[k]) for k in told)
        return {"pairs": len(ratios), "alone_s": statistics.median(self.alone),
                "traced_s": statistics.median(self.traced), "ratio": statistics.median(ratios),
                "quartiles": [q[0], q[-1]],
                "cpu_us_per_event": self.cpu / self.cpu_events * 1e6 if self.cpu_events else None,
                "cpu_share": self.cpu / self.cpu_over,
                "happened": happened, "missing": happened - seen}


class Bench:
    def __init__(self, build, directory):
        self.brood, self.floor, self.dir = f"{build}/brood", f"{build}/bench/floor", directory
        self.place = Place(directory, build, SECONDS)
        self.place.build_events.update(self.build_events())
        self.cells = collections.defaultdict(Cell)
        self.broken, self.peak = {}, collections.defaultdict(float)
        only = re.compile(os.environ.get("ONLY", ""))
        self.tracers = [t for t in TRACERS if only.search(t.name)]
        on = re.compile(os.environ.get("ON", ""))
        self.workloads = [w for w in WORKLOADS if on.search(w.name)]

    def build_events(self):
        """Of the build, which does not count itself, all that brood tells of."""
        w = next(w for w in WORKLOADS if w.kind == "build")
        out = f"{self.dir}/build.jsonl"
        subprocess.run([self.brood, "export", "--format", "jsonl", "-o", out, "--",
                        *self.place.command(w)], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL)
        with open(out) as f:
            return collections.Counter(json.loads(line)["type"] for line in f)

    def out(self, tracer):
        return f"{self.dir}/{re.sub('[^a-z]', '', tracer.name)}.out"

    def watched(self, tracer, w, running, child, settle=True):
        cpu = []

        def after():
            time.sleep(SETTLE if settle else 0)
            cpu.append(running.cpu())
            self.peak[tracer.name] = max(self.peak[tracer.name], running.peak_mib())
        done = self.place.hold(w, child, lambda: cpu.append(running.cpu()), after)
        return done, cpu[1] - cpu[0] if settle else None

    def count(self, tracer, w, seen):
        cell = self.cells[tracer.name, w.name]
        for kind in tracer.kinds:
            cell.seen[kind] += seen["" if tracer.name.startswith("strace") else w.name, kind]

    def runs(self, tracer, settle):
        """Each workload next to a tracer of the whole machine: what was done, CPU, and seen."""
        running = Running(tracer, self.brood, self.out(tracer))
        done = {w: self.watched(tracer, w, running, self.place.start(w), settle)
                for w in self.workloads}
        return done, running.stop()

    def round_whole(self, tracer, i):
        """Pair i of each workload."""
        settle, alone_first = i < CPU_ROUNDS, i % 2 == 0
        if alone_first:
            alone, _ = self.runs(NOTHING, settle)
        traced, seen = self.runs(tracer, settle)
        if not alone_first:
            alone, _ = self.runs(NOTHING, settle)
        for w in self.workloads:
            self.cells[tracer.name, w.name].add(tracer, alone[w][0], *traced[w])
            self.count(tracer, w, seen)

    def round_following(self, tracer, i):
        for w in self.workloads:
            alone = self.place.run(w)
            running = Running(tracer, self.brood, self.out(tracer), self.place.command(w))
            done, cpu = self.watched(tracer, w, running, running.child, i < CPU_ROUNDS)
            self.cells[tracer.name, w.name].add(tracer, alone, done, cpu)
            self.count(tracer, w, running.stop())

    def pairs(self):
        for i in range(PAIRS):
            for tracer in self.tracers:
                if tracer.name in self.broken:
                    continue
                print(f"\r{i + 1}/{PAIRS} {tracer.name:20}", end="", file=sys.stderr, flush=True)
                try:
                    (self.round_following if tracer.follows else self.round_whole)(tracer, i)
                except (Broken, Failed, FileNotFoundError) as why:
                    self.broken[tracer.name] = str(why)
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr)

    def idle(self):
        """How often each is woken on a machine where nothing happens, all at once."""
        at_work = {}
        for tracer in self.tracers:
            if not tracer.follows and tracer.name not in self.broken:
                with contextlib.suppress(Broken, FileNotFoundError):
                    at_work[tracer.name] = Running(tracer, self.brood, self.out(tracer))
        time.sleep(8)       # what their start left to do is done; the last is fdatasync, after 5 s
        load = read("/proc/stat")
        before = {name: r.wakeups() for name, r in at_work.items()}
        time.sleep(IDLE)
        rates = {name: (r.wakeups() - before[name]) / IDLE for name, r in at_work.items()}
        forks = [int(re.search(r"^processes (\d+)", s, re.M)[1]) for s in (load, read("/proc/stat"))]
        for r in at_work.values():
            with contextlib.suppress(Broken):
                r.stop()
        return {"seconds": IDLE, "wakeups_per_s": rates, "forks_of_others": forks[1] - forks[0]}

    def storm(self):
        """As many forks as two processes can do, recorded with the default buffer."""
        tracer = next(t for t in TRACERS if t.name == "brood record")
        w = next(w for w in WORKLOADS if w.name == "w-fork2")
        n = int(self.place.n[w] * STORM / SECONDS)
        running = Running(tracer, self.brood, self.out(tracer))
        done, cpu = self.watched(tracer, w, running, self.place.start(w, n))
        peak = running.peak_mib()
        seen = running.stop()
        told = sum(seen[w.name, k] for k in KINDS_BORN)
        happened = sum(done.happened.values())
        return {"seconds": done.seconds, "forks_per_s": done.happened["fork"] / done.seconds,
                "happened": happened, "missing": max(0, happened - told), "peak_mib": peak,
                "cpu_us_per_event": cpu / (happened + done.happened["exit"]) * 1e6}

    def accounted(self):
        """ns a run of each program that is loaded, over the loops of processes."""
        switch = "/proc/sys/kernel/bpf_stats_enabled"
        try:
            with open(switch, "w") as f:
                f.write("1")
            for w in WORKLOADS[:4]:
                self.place.run(w)
            progs = json.loads(subprocess.run(["bpftool", "-j", "prog"], check=True,
                                              capture_output=True, text=True).stdout)
        except (OSError, subprocess.CalledProcessError):
            return {}
        finally:
            with contextlib.suppress(OSError), open(switch, "w") as f:
                f.write("0")
        return {p["name"]: p["run_time_ns"] / p["run_cnt"] for p in progs
                if p.get("run_cnt", 0) > 100}

    def probes(self):
        """What one run of each of brood's programs takes, and what any would, as the kernel
        accounts it: {program: {"brood": ns, "empty": ns, ...}}"""
        tracer = next(t for t in TRACERS if t.name == "brood record")
        table = collections.defaultdict(dict)
        running = Running(tracer, self.brood, self.out(tracer))
        try:
            for name, ns in self.accounted().items():
                if name.startswith("on_"):
                    table[name]["brood"] = ns
        finally:
            running.stop()
        for floor in report.FLOORS:
            with subprocess.Popen([self.floor, floor], stdin=subprocess.PIPE, text=True,
                                  stdout=subprocess.PIPE) as child:
                child.stdout.readline()
                for name, ns in self.accounted().items():
                    if name.startswith(f"{floor}_"):
                        table[name[len(floor) + 1:]][floor] = ns
                child.stdin.close()
        return table


KINDS_BORN = ("fork", "exec", "exit")


def main():
    build = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build")
    if os.geteuid():
        sys.exit("cost.py: needs root")
    install(PACKAGES)
    start, load = time.monotonic(), busy_share()
    with tracefs(), tempfile.TemporaryDirectory() as directory:
        bench = Bench(build, directory)
        probes, storm, idle = bench.probes(), bench.storm(), bench.idle()
        bench.pairs()
    result = {
        "machine": machine(), "load": load, "noisy": load["busy"] > BUSY or load["steal"] > BUSY,
        "settings": {"pairs": PAIRS, "seconds": SECONDS, "minutes": (time.monotonic() - start) / 60},
        "workloads": [{"name": w.name, "what": w.what} for w in bench.workloads],
        "tracers": [{"name": t.name, "version": version(t), "broken": bench.broken.get(t.name),
                     "tells": list(t.kinds),
                     "peak_mib": bench.peak.get(t.name), "wakeups_per_s": idle["wakeups_per_s"].get(t.name),
                     "workloads": {} if t.name in bench.broken else
                     {w.name: bench.cells[t.name, w.name].figures(t) for w in bench.workloads}}
                    for t in bench.tracers],
        "probes_ns": probes, "storm": storm, "idle": idle,
    }
    with open(f"{build}/bench/cost.json", "w") as f:
        json.dump(result, f, indent=1)
    text = report.tables(result)
    print(text)
    page = os.path.join(os.path.dirname(__file__), "../../docs/cost.md")
    if not (QUICK or os.environ.get("ONLY") or os.environ.get("ON")):
        report.put_into(page, text)


if __name__ == "__main__":
    shutil.which("bpftool") or sys.exit("cost.py: needs bpftool")
    main()
