# SPDX-License-Identifier: GPL-2.0-only
"""The tracers that are compared: how each is started, how one knows that it watches, what it
wrote, and how many events that is.

A tracer of the whole machine is started before the workload; one that follows a command starts
it.  All write what they saw to a file, none to a terminal.
"""
import collections
import contextlib
import json
import os
import re
import signal
import subprocess
import time

SCHED = ("sched_process_fork", "sched_process_exec", "sched_process_exit")
KINDS = ("fork", "exec", "exit", "reap")
ENDS = {"killed": "exit"}

# command: {out} is the file it writes, stdout goes to {out} too unless it writes it itself.
# holds: what a tracer that is at work has open, and how many of them.
# kinds: what it tells of.
# count: from the file to a Counter of (comm, kind).
Tracer = collections.namedtuple("Tracer", "name package command holds kinds count follows",
                                defaults=(False,))


class Broken(Exception):
    """It does not run here, and this is why."""


def lines_of(command):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, errors="replace") as child:
        yield from child.stdout


def count_lines(pattern, kind=None):
    """A line that matches is an event: of the kind its group `kind` names, or of this one."""
    regex = re.compile(pattern)

    def count(path, _):
        seen = collections.Counter()
        with open(path, errors="replace") as f:
            for line in f:
                found = regex.match(line)
                if found:
                    name = kind or found["kind"]
                    seen[os.path.basename(found["comm"]), ENDS.get(name, name)] += 1
        return seen
    return count


def count_jsonl(path, brood):
    seen = collections.Counter()
    for line in lines_of([brood, "export", "--format", "jsonl", path]):
        fact = json.loads(line)
        if fact["type"] in KINDS:
            seen[fact["comm"], fact["type"]] += 1
    return seen


def count_sched(report):
    """perf script and trace-cmd report, which name the tracepoint."""
    regex = re.compile(r"\s*(?P<comm>\S+?)(-\d+)?\s.*?sched_process_(?P<kind>fork|exec|exit):")

    def count(path, _):
        seen = collections.Counter()
        for line in lines_of(report + [path]):
            found = regex.match(line)
            if found:
                seen[found["comm"], found["kind"]] += 1
        return seen
    return count


def count_strace(path, _):
    """It names no one; the workload is all that it follows."""
    kinds = (("fork", re.compile(r"\d+ +(<\.\.\. )?(v?fork|clone3?)(\(| resumed).* = \d+$")),
             ("exec", re.compile(r"\d+ +(<\.\.\. )?execve(at)?(\(| resumed).* = 0$")),
             ("exit", re.compile(r"\d+ +\+\+\+ ")))
    seen = collections.Counter()
    with open(path, errors="replace") as f:
        for line in f:
            for kind, regex in kinds:
                if regex.match(line):
                    seen["", kind] += 1
    return seen


BPFTRACE = "".join(f'tracepoint:sched:{point} {{ printf("{point[14:]} %s\\n", comm); }} '
                   for point in SCHED)
PERF_EVENTS = ",".join(f"sched:{point}" for point in SCHED)
BROOD_LINE = r"\s*[\d.]+\s+\d+ (?P<comm>\S+)\s+v?(?P<kind>fork|exec|exit|killed|reap)"

# Started and ended as the others are, so that what goes before a run is the same for all.
NOTHING = Tracer("nothing", None, "sleep infinity", ("", 0), (), lambda *_: collections.Counter())

TRACERS = [
    NOTHING,
    Tracer("brood log", None, "{brood} log -o {out}", ("bpf.link", 5), KINDS,
           count_lines(BROOD_LINE)),
    Tracer("brood record", None, "{brood} record -o {out}", ("bpf.link", 5), KINDS, count_jsonl),
    Tracer("brood -- CMD", None, "{brood} -o {out} --", None, KINDS, count_lines(BROOD_LINE), True),
    Tracer("forkstat", "forkstat", "forkstat -e fork,exec,exit", ("socket", 1), KINDS[:3],
           count_lines(r"\S+ +(?P<kind>fork|exec|exit) +\d+ +(?!child).*? "
                       r"(?P<comm>/?[\w./-]*w-\w+)\b")),
    Tracer("execsnoop", "libbpf-tools", "execsnoop", ("perf_event", 2), ("exec",),
           count_lines(r"(?P<comm>\S+) +\d+ +\d+ +0 ", "exec")),
    Tracer("exitsnoop", "libbpf-tools", "exitsnoop", ("perf_event", 1), ("exit",),
           count_lines(r"(?P<comm>\S+) +\d+ +\d+ +\d+ ", "exit")),
    Tracer("bpftrace", "bpftrace", ["bpftrace", "-o", "{out}", "-e", BPFTRACE], ("perf_event", 3),
           KINDS[:3], count_lines(r"(?P<kind>\w+) (?P<comm>\S+)")),
    Tracer("perf record", "linux-perf", f"perf record -a -o {{out}} -e {PERF_EVENTS}",
           ("perf_event", 3), KINDS[:3], count_sched(["perf", "script", "-i"])),
    Tracer("trace-cmd record", "trace-cmd",
           "trace-cmd record -o {out}" + "".join(f" -e {point}" for point in SCHED),
           ("pipe", 1), KINDS[:3], count_sched(["trace-cmd", "report", "-i"])),
    Tracer("strace -f", "strace", "strace -f --seccomp-bpf -e trace=process -o {out}", None,
           KINDS[:3], count_strace, True),
]
PACKAGES = sorted({t.package for t in TRACERS if t.package})


def family(pid):
    """The tracer and the processes that it started."""
    pids = [pid]
    for p in pids:
        try:
            for tid in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{tid}/children") as f:
                    pids += map(int, f.read().split())
        except OSError:
            pass
    return pids


def threads(pids):
    for pid in pids:
        try:
            for tid in os.listdir(f"/proc/{pid}/task"):
                yield f"/proc/{pid}/task/{tid}"
        except OSError:
            pass


def read(path):
    try:
        with open(path) as f:
            return f.read()
    except OSError:
        return ""


class Running:
    """A tracer at work.  Whoever it follows is not of its family.  how: more for Popen."""

    def __init__(self, tracer, brood, out, workload=(), **how):
        self.tracer, self.brood, self.out = tracer, brood, out
        words = tracer.command.split() if isinstance(tracer.command, str) else tracer.command
        command = [w.replace("{brood}", brood).replace("{out}", out) for w in words]
        self.owns_stdout = bool(workload)
        for stale in (out, out + ".old"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(stale)
        self.errors = open(out + ".err", "w+")
        self.child = subprocess.Popen(
            command + list(workload), stdin=subprocess.PIPE if workload else subprocess.DEVNULL,
            stdout=subprocess.PIPE if workload else open(out, "w") if "{out}" not in words
            else subprocess.DEVNULL, stderr=self.errors, text=True, **how)
        if not workload:
            self.wait_until_it_watches()

    def why(self):
        self.errors.seek(0)
        said = [line.strip() for line in self.errors if line.strip()]
        return "; ".join(said[:2])[:120] or f"status {self.child.returncode}"

    def is_watching(self):
        what, wanted = self.tracer.holds
        found = 0
        for pid in family(self.child.pid):
            fds = f"/proc/{pid}/fd"
            try:
                found += sum(bool(re.search(what, os.readlink(f"{fds}/{fd}")))
                             for fd in os.listdir(fds))
            except OSError:
                pass
        state = read(f"/proc/{self.child.pid}/stat").rpartition(")")[2].split()[:1]
        return found >= wanted and state == ["S"]

    def wait_until_it_watches(self):
        deadline = time.monotonic() + 20
        while not self.is_watching():
            if self.child.poll() is not None:
                raise Broken(self.why())
            if time.monotonic() > deadline:
                self.child.kill()
                raise Broken("did not begin within 20 s")
            time.sleep(0.02)
        time.sleep(0.2)

    def pids(self):
        return [self.child.pid] if self.owns_stdout else family(self.child.pid)

    def cpu(self):
        """Seconds, of all its processes and threads."""
        return sum(int((read(f"{t}/schedstat") or "0").split()[0]) for t in threads(self.pids())) / 1e9

    def wakeups(self):
        return sum(int(n) for t in threads(self.pids())
                   for n in re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", read(f"{t}/status"), re.M))

    def peak_mib(self):
        return sum(int(n) for pid in self.pids()
                   for n in re.findall(r"VmHWM:\s*(\d+)", read(f"/proc/{pid}/status"))) / 1024

    def stop(self):
        """End it; what it saw."""
        if not self.owns_stdout:
            self.child.send_signal(signal.SIGINT)
        try:
            self.child.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            raise Broken("did not end")
        finally:
            self.errors.close()
        return self.tracer.count(self.out, self.brood)
