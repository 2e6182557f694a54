# SPDX-License-Identifier: GPL-2.0-only
"""The journal of a grove, as tests/live/grove writes it: what each process did and learned."""

import struct

HEAD = struct.Struct("=8sQIIII")
NODE = struct.Struct("=HHBBBBBBBB")
RECORD = struct.Struct("=IHHIIIIQ8q")
MAGIC, UNIT = 0x67726f76, 32
GARDENER = 0xffff       # not a node: the parent of all roots


HOWS = "fork vfork parent spawn thread silent newpid survivor".split()
ENDS = ("exit thread_exit raw signal fault abort victim leader_first leader_first_group "
        "leader_first_kill together park").split()
EXECS = ("self relative script script_of_script memfd proc_fd proc_exe long_path no_file "
         "no_permission garbage no_interpreter").split()
DEFAULT, IGNORE, NOCLDWAIT = range(3)

# Name of each kind of record, and of its values.
KINDS = [
    ("none", ""),
    ("birth", "nspid nsppid ppid uid gid pid_ns start chld"),
    ("try_make", "child how ppid"),
    ("made", "child how ppid result errno"),
    ("try_exec", "how in_thread"),
    ("exec_failed", "how errno"),
    ("exec", "uid gid chld file_len args_len"),
    ("try_wait", "target options"),
    ("waited", "target status"),
    ("peeked", "target code status"),
    ("wait_failed", "target errno"),
    ("kill", "target sig errno"),
    ("look", "nsppid ppid"),
    ("subreaper", ""),
    ("chld", "chld"),
    ("uid", "uid gid"),
    ("name", ""),
    ("park", ""),
    ("end", "how status status_before_5_17 leader"),
    ("gave_up", "what"),
    ("settled", "waiter"),
]


class Record:
    """One record: .kind, .node, .pid, .tid, .ts, .data, and its values by name."""

    def __init__(self, kind, node, pid, tid, ts, values, data):
        self.kind, names = KINDS[kind]
        self.node, self.pid, self.tid, self.ts, self.data = node, pid, tid, ts, data
        self.values = dict(zip(names.split(), values))

    def __getattr__(self, name):
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self):
        who = "gardener" if self.node == GARDENER else f"node {self.node}"
        said = " ".join(f"{k}={v}" for k, v in self.values.items())
        thread = f"/{self.tid}" if self.tid != self.pid else ""
        data = f" {self.data[:60]!r}" if self.data else ""
        return f"{self.ts} {who:8} {self.pid}{thread} {self.kind} {said}{data}"


class Node:
    """One process as planned (creator, space, how, end), and its records in order."""

    def __init__(self, number, creator, space, how, end):
        self.number, self.creator, self.space = number, creator, space
        self.how, self.end_kind = HOWS[how], ENDS[end]
        self.records = []

    def __repr__(self):
        return f"node {self.number}"

    def of(self, kind):
        return [r for r in self.records if r.kind == kind]

    def first(self, kind):
        return next((r for r in self.records if r.kind == kind), None)

    def last(self, kind):
        return next((r for r in reversed(self.records) if r.kind == kind), None)


class Journal:
    def __init__(self, path):
        with open(path, "rb") as f:
            head = f.read(HEAD.size)
            magic, self.seed, count, node_bytes, records_at, used = HEAD.unpack(head)
            assert magic == b"GROVE 1\0", f"{path} is no journal"
            raw = head + f.read(records_at + used - HEAD.size)
        assert len(raw) >= records_at + used, f"{path} was too small for its records"
        self.nodes = []
        for i in range(count):
            creator, space, how, end, *_ = NODE.unpack_from(raw, HEAD.size + i * node_bytes)
            self.nodes.append(Node(i, creator, space, how, end))
        self.records = list(self._records(raw, records_at, records_at + used))
        self.gardener = Node(GARDENER, GARDENER, 0, 0, 0)
        for r in self.records:
            (self.gardener if r.node == GARDENER else self.nodes[r.node]).records.append(r)

    @staticmethod
    def _records(raw, at, end):
        while at + RECORD.size <= end:
            magic, kind, node, size, complete, pid, tid, ts, *values = RECORD.unpack_from(raw, at)
            if magic != MAGIC:      # its writer was killed before it wrote anything
                at += UNIT
                continue
            data = raw[at + RECORD.size:at + RECORD.size + size]
            if complete:
                yield Record(kind, node, pid, tid, ts, values, data)
            at += (RECORD.size + size + UNIT - 1) // UNIT * UNIT

    def __str__(self):
        lines = [f"seed {self.seed}: {len(self.nodes)} nodes"]
        for n in self.nodes:
            lines.append(f"  node {n.number}: by {n.how} of {n.creator}, space {n.space}, "
                         f"end {n.end_kind}")
        return "\n".join(lines + [str(r) for r in sorted(self.records, key=lambda r: r.ts)])
