# SPDX-License-Identifier: GPL-2.0-only
"""JSON lines, version 1, read strictly: what must hold for every trace, asserted."""

import base64
import json
import re
import unicodedata

BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
DERIVED = {"meta", "orphan", "zombie", "end"}       # all other lines are events
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")
ID = re.compile(r"(\d+)-(\d+)")

null = type(None)

ID_OR_NULL = ("id", null)
NUMBER_OR_NULL = (int, null)
WHO = ({"pid": int, "id": "id", "comm": str}, null)
THREAD = ({"pid": int, "tid": int}, null)

# Every field that DESIGN.md promises, and what it may hold.
FIELDS = {
    "meta": {"version": int, "brood": str, "host": str, "kernel": str, "boot_id": str,
             "arch": str, "cpus": int, "command": (list, null), "reap_source": str},
    "snapshot": {"ppid": NUMBER_OR_NULL, "parent": ID_OR_NULL, "uid": NUMBER_OR_NULL,
                 "gid": NUMBER_OR_NULL, "args": (list, null), "state": str,
                 "ns_pid": NUMBER_OR_NULL, "pid_ns": NUMBER_OR_NULL,
                 "cgroup_id": NUMBER_OR_NULL},
    "fork": {"ppid": NUMBER_OR_NULL, "parent": ID_OR_NULL, "creator": THREAD,
             "flags": (list, null), "uid": NUMBER_OR_NULL, "gid": NUMBER_OR_NULL,
             "ns_pid": NUMBER_OR_NULL, "pid_ns": NUMBER_OR_NULL, "cgroup_id": NUMBER_OR_NULL},
    "exec": {"ppid": NUMBER_OR_NULL, "file": (str, null), "args": (list, null),
             "args_bytes": NUMBER_OR_NULL, "args_truncated": (bool, null),
             "uid": NUMBER_OR_NULL, "gid": NUMBER_OR_NULL},
    "exit": {"ppid": NUMBER_OR_NULL, "parent": ID_OR_NULL, "autoreap": bool,
             "max_rss_kib": NUMBER_OR_NULL, "duration_ns": NUMBER_OR_NULL},
    "orphan": {"old_parent": ID_OR_NULL, "new_parent": ID_OR_NULL, "new_ppid": NUMBER_OR_NULL,
               "new_parent_comm": (str, null)},
    "zombie": {"ppid": NUMBER_OR_NULL, "parent": ID_OR_NULL, "since": NUMBER_OR_NULL},
    "reap": {"by": WHO, "zombie_ns": NUMBER_OR_NULL, "exact": bool, "autoreap": bool,
             "cpu_ns": NUMBER_OR_NULL},
    "thread_start": {"tid": int, "creator": THREAD},
    "thread_exit": {"tid": int},
    "loss": {"count": int, "since": int, "until": int},
    "end": {"events": int, "forks": int, "execs": int, "exits": int, "reaps": int,
            "orphans": int, "zombies": int, "lost": int, "duration_ns": int},
}
OF_PROCESS = {"snapshot", "fork", "exec", "exit", "orphan", "zombie", "reap", "thread_start",
              "thread_exit"}


def clean(output):
    """The text of output, asserted to be harmless on a terminal."""
    decoded = output.decode("utf-8")            # raises where it is not UTF-8
    for c in set(decoded):
        assert c == "\n" or unicodedata.category(c) not in ("Cc", "Zl", "Zp"), \
            f"{c!r} reaches the terminal raw"
        assert c not in BIDI, f"{c!r} reaches the terminal raw"
    return decoded


def _no_duplicates(pairs):
    keys = [k for k, _ in pairs]
    assert len(keys) == len(set(keys)), f"a key appears twice: {keys}"
    return dict(pairs)


def _integer(digits):
    value = int(digits)
    assert abs(value) < 2 ** 53, f"{digits} loses digits in a double"
    return value


def _refuse(what):
    raise AssertionError(f"{what} in JSON")


def _fits(value, kind):
    if isinstance(kind, tuple):
        return any(_fits(value, k) for k in kind)
    if isinstance(kind, dict):
        return isinstance(value, dict) and all(k in value and _fits(value[k], kind[k])
                                               for k in kind)
    if kind == "id":
        return isinstance(value, str) and ID.fullmatch(value) is not None
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, kind)


def args_of(line):
    """The exact arguments of an exec or snapshot line, as bytes."""
    args = [a.encode("utf-8") for a in line["args"]]
    for i, exact in enumerate(line.get("args_b64", [])):
        if exact is not None:
            args[i] = base64.b64decode(exact, validate=True)
    return args


class Process:
    """All lines about one life of one process."""

    def __init__(self, first):
        self.pid, self.id, self.first = first["pid"], first["id"], first
        self.lines = []
        self.execs = []
        self.zombie = self.exit = self.reap = self.orphan = None
        self.orphans = []
        self.children = []

    def __repr__(self):
        return f"{self.pid} ({self.lines[-1]['comm']})"

    @property
    def fork(self):
        return self.first if self.first["type"] == "fork" else None

    @property
    def snapshot(self):
        return self.first if self.first["type"] == "snapshot" else None

    @property
    def comm(self):
        return self.lines[-1]["comm"]

    @property
    def comms(self):
        """The names it bore, one after the other."""
        names = [line["comm"] for line in self.lines]
        return [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]

    @property
    def code(self):
        return self.exit.get("code")

    @property
    def signal(self):
        return self.exit.get("signal")

    @property
    def start_ns(self):
        return int(self.id.split("-")[1])


class Trace:
    """A whole trace.  Reading it checks it."""

    def __init__(self, output, zombie_after_ns=100_000_000, runs=1):
        self.output = output
        self.runs = runs            # of brood, in a directory of traces
        self.zombie_after_ns = zombie_after_ns
        assert output.endswith(b"\n"), f"the last line is cut: {output[-200:]!r}"
        clean(output)
        self.lines = [self._line(raw) for raw in output[:-1].split(b"\n")]
        self._check_order()
        self.meta, self.end = self.lines[0], self.lines[-1]
        self.processes = {}         # by id, in order of appearance
        for line in self.lines:
            if line["type"] in OF_PROCESS:
                self._take(line)
        for p in self.processes.values():       # a parent may come after: PIDs wrap
            parent = self.processes.get(p.first["parent"])
            if parent:
                parent.children.append(p)
        self._check_end()

    # --- what holds for every line ----------------------------------------------------

    @staticmethod
    def _line(raw):
        line = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_duplicates,
                          parse_int=_integer, parse_float=_refuse, parse_constant=_refuse)
        kind = line["type"]
        fields = {"seq": int, "ts": int, "time": str, **FIELDS.get(kind, {})}
        if kind in OF_PROCESS:
            fields.update({"pid": int, "id": "id", "comm": str})
        for name, may_be in fields.items():
            assert name in line, f"{kind} has no {name}: {line}"
            assert _fits(line[name], may_be), f"{name} cannot be {line[name]!r}: {line}"
        assert TIME.fullmatch(line["time"]), line
        if "parent" in line and line["parent"] is not None:
            assert line["parent"].split("-")[0] == str(line["ppid"]), line
        if kind == "exit":
            assert ("code" in line) != ("signal" in line) or line.get("inferred"), line
            if "signal" in line:
                assert isinstance(line["core"], bool) and line["signal_name"], line
            else:
                assert "killed_by" not in line and "core" not in line, line
        if kind == "exec" and line["args_truncated"] is False and not line.get("inferred"):
            assert sum(len(a) + 1 for a in args_of(line)) == line["args_bytes"], line
        return line

    def _check_order(self):
        assert [line["seq"] for line in self.lines] == list(range(1, len(self.lines) + 1)), \
            "seq has a gap"
        for before, after in zip(self.lines, self.lines[1:]):
            assert before["ts"] <= after["ts"], f"time runs backwards: {before} {after}"
        kinds = [line["type"] for line in self.lines]
        assert kinds[0] == "meta" and kinds.count("meta") == self.runs, kinds
        assert kinds[-1] == "end" and kinds.count("end") == 1, kinds

    # --- what holds for every process -------------------------------------------------

    def _take(self, line):
        kind, p = line["type"], self.processes.get(line["id"])
        assert line["id"] == f"{line['pid']}-{line['id'].split('-')[1]}", line
        if kind in ("snapshot", "fork"):
            assert p is None, f"appears twice: {p.lines}, then {line}"
            p = self.processes[line["id"]] = Process(line)
        assert p is not None, f"not introduced by a snapshot or a fork: {line}"
        assert p.reap is None, f"{kind} after it was reaped: {line}"
        p.lines.append(line)
        getattr(self, "_" + kind, lambda *_: None)(p, line)

    def _exec(self, p, line):
        assert p.exit is None, f"exec after its exit: {line}"
        p.execs.append(line)

    def _exit(self, p, line):
        assert p.exit is None, f"a second exit: {line}"
        p.exit = line

    def _orphan(self, p, line):
        assert p.exit is None, f"orphaned after its exit: {line}"
        p.orphans.append(line)
        p.orphan = p.orphan or line

    def _zombie(self, p, line):
        assert p.zombie is None, f"flagged twice: {line}"
        p.zombie = line
        if p.exit:
            assert line["since"] == p.exit["ts"], f"not since its exit: {line} {p.exit}"
        else:
            assert p.snapshot and line["since"] is None, f"a zombie that lives: {line}"

    def _reap(self, p, line):
        p.reap = line
        if not line.get("inferred") and not line["autoreap"]:
            exact = self.meta["reap_source"] == "release_task"
            assert line["exact"] == exact, f"{self.meta['reap_source']}: {line}"
        if p.exit and line["zombie_ns"] is not None:
            most = line["ts"] - p.exit["ts"]
            assert line["zombie_ns"] <= most, f"longer than from exit to reap: {line}"
            if line["exact"] and not line["autoreap"]:
                assert line["zombie_ns"] == most, line

    # --- what holds for the whole -------------------------------------------------------

    def _check_end(self):
        count = {}
        for line in self.lines:
            count[line["type"]] = count.get(line["type"], 0) + 1
        end = self.end
        for field, kind in (("forks", "fork"), ("execs", "exec"), ("exits", "exit"),
                            ("reaps", "reap"), ("orphans", "orphan"), ("zombies", "zombie")):
            assert end[field] == count.get(kind, 0), \
                f"end.{field} is {end[field]}, but there are {count.get(kind, 0)}"
        events = sum(n for kind, n in count.items() if kind not in DERIVED)
        assert end["events"] == events, f"end.events is {end['events']}, not {events}"
        assert end["lost"] == sum(line["count"] for line in self.of("loss")), "lost ≠ Σ loss"
        assert end["duration_ns"] == end["ts"], end
        for p in self.processes.values():
            self._check_flag(p)

    def _check_flag(self, p):
        """A zombie line stands where its interval passed the limit, or at the trace's end."""
        since = p.exit["ts"] if p.exit else 0
        if p.zombie:
            due = since + self.zombie_after_ns
            assert p.zombie["ts"] == min(due, self.end["ts"]), \
                f"flagged {p.zombie['ts'] - since} ns after its end: {p.zombie}"
        elif p.exit and not (p.reap and p.reap["autoreap"]):
            assert p.reap, f"{p} is a zombie at the end, but was not flagged"
            # Told late, the interval is an upper bound: nobody is accused on that alone.
            assert (not p.reap["exact"] or p.reap["zombie_ns"] is None
                    or p.reap["zombie_ns"] <= self.zombie_after_ns), \
                f"{p} was a zombie for {p.reap['zombie_ns']} ns, but was not flagged"

    # --- questions ----------------------------------------------------------------------

    def of(self, kind, **fields):
        return [line for line in self.lines if line["type"] == kind and
                all(line.get(k) == v for k, v in fields.items())]

    @property
    def command(self):
        """The followed command: the one process that was there at the start."""
        snapshots = self.of("snapshot")
        assert len(snapshots) == 1, f"the start of the trace: {snapshots}"
        assert snapshots[0]["seq"] == 2 and snapshots[0]["state"] == "alive", snapshots
        return self.processes[snapshots[0]["id"]]

    def by_pid(self, pid):
        found = [p for p in self.processes.values() if p.pid == pid]
        assert len(found) == 1, f"PID {pid}: {found}"
        return found[0]

    def by_comm(self, comm):
        """The one process that bore this name last."""
        found = [p for p in self.processes.values() if p.comm == comm]
        assert len(found) == 1, f"processes named {comm}: {found}"
        return found[0]

    def child_of(self, process):
        assert len(process.children) == 1, f"children of {process}: {process.children}"
        return process.children[0]

    @property
    def exits(self):
        """Processes in the order of their ends."""
        return [self.processes[line["id"]] for line in self.of("exit")]
