# SPDX-License-Identifier: GPL-2.0-only
"""What the tracers watch: loop.c in its kinds, a shell loop, a parallel build.

Each has a name of its own (w-fork2, say), which its processes bear: so its events are told from
those of the rest of the machine.
"""
import collections
import os
import shutil
import subprocess

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# what: as the table says it.  events: of one turn, as a tracer can tell of them.
Workload = collections.namedtuple("Workload", "name what kind processes")

WORKLOADS = [
    Workload("w-fork1", "fork, _exit, waitpid", "fork", 1),
    Workload("w-fork2", "the same, 2 processes", "fork", 2),
    Workload("w-exec1", "vfork, exec, waitpid", "exec", 1),
    Workload("w-exec2", "the same, 2 processes", "exec", 2),
    Workload("w-shell", "a shell loop of short commands", "shell", 1),
    Workload("w-build", "make -j2 of ten C programs", "build", 2),
    Workload("w-thread", "create a thread, join it", "thread", 1),
    Workload("w-call", "getppid", "call", 1),
]


class Failed(Exception):
    pass


class Done:
    """One run of a workload: how long it took, and what happened in it."""

    def __init__(self, line):
        us, *counts = line.split()
        self.seconds = float(us) / 1e6
        self.unnamed = collections.Counter()    # what happened besides, in processes of other names
        self.happened = dict(zip(("fork", "exec", "exit"), map(int, counts)))


class Place:
    """Where workloads live: programs of their names, and a build to be done again and again."""

    def __init__(self, directory, build, seconds):
        self.dir, self.n = directory, {}
        self.build_events = collections.Counter()
        for w in WORKLOADS:
            shutil.copy(f"{build}/bench/loop", f"{directory}/{w.name}")
        os.mkdir(f"{directory}/bin")
        shutil.copy("/bin/sh", f"{directory}/bin/w-shell")
        os.mkdir(f"{directory}/true")
        shutil.copy("/bin/true", f"{directory}/true/w-shell")
        for w in WORKLOADS:
            self.calibrate(w, seconds)

    def command(self, w, n=None):
        program, n = f"{self.dir}/{w.name}", n or self.n[w]
        if w.kind == "build":
            make = f"exec make -s -B -j2 -C {TREE} BUILD={self.dir}/build scenarios >/dev/null"
            return [program, "run", "1", "/bin/sh", "-c", make]
        if w.kind == "shell":
            script = f"i=0; while [ $i -lt {n} ]; do {self.dir}/true/w-shell $i; i=$((i + 1)); done"
            return [program, "run", "1", f"{self.dir}/bin/w-shell", "-c", script]
        return [program, w.kind, str(n), str(w.processes)]

    def calibrate(self, w, seconds):
        """So many turns that it takes so long, or as many as there are."""
        n = {"call": 100000, "build": 1}.get(w.kind, 200)
        took = min(self.run(w, n).seconds for _ in range(2))
        self.n[w] = 1 if w.kind == "build" else max(10, int(n * seconds / took))

    def run(self, w, n=None):
        return self.hold(w, self.start(w, n))

    def start(self, w, n=None):
        return subprocess.Popen(self.command(w, n), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True)

    def hold(self, w, child, before=lambda: None, after=lambda: None):
        """Let it go when it is ready; look at whatever watches it before and after."""
        if child.stdout.readline() != "ready\n":
            raise Failed(f"{w.name} did not begin")
        before()
        child.stdin.write("go\n")
        child.stdin.flush()
        line = child.stdout.readline()
        if not line:
            raise Failed(f"{w.name} failed")
        after()
        child.communicate()
        done = Done(line)
        if w.kind == "build":       # processes of many names
            done.unnamed, done.happened = self.build_events, dict.fromkeys(done.happened, 0)
        if w.kind == "shell":       # the commands' own, besides the shell's
            for kind in done.happened:
                done.happened[kind] += self.n.get(w, 200)
        return done
