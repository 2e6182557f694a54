# SPDX-License-Identifier: GPL-2.0-only
"""What is compared: a trace, and which of its processes are the nodes of a grove's journal."""

import base64
import collections
import os

TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
SLACK = 5_000_000           # ns: how well the start of the trace is known


def b64(line, field):
    """The exact bytes of a text field."""
    exact = line.get(field + "_b64")
    return base64.b64decode(exact) if exact is not None else line[field].encode()


def text(data):
    """Bytes up to the first NUL."""
    return data.partition(b"\0")[0]


class World:
    """A trace, and what all seeds in it have in common."""

    def __init__(self, trace, adopter, reaped):
        self.trace, self.adopter = trace, adopter
        self.reaped = reaped                            # by the adopter: (PID, start): status
        self.late = []                                  # ns from a wait4() to the reap's line
        self.exact = trace.meta["reap_source"] == "release_task"
        self.kernel = tuple(int("".join(c for c in n if c.isdigit()) or 0)
                            for n in trace.meta["kernel"].split(".")[:2])
        self.made = collections.defaultdict(list)       # creator's id: processes in order
        self.by_start = collections.defaultdict(list)   # (PID, tick): processes
        self.claimed = {}                               # id: node
        self.t0 = 0                                     # CLOCK_BOOTTIME at ts 0, nearly
        current = {}
        for line in trace.lines:
            if line["type"] not in ("fork", "snapshot"):
                continue
            p = trace.processes[line["id"]]
            if p.fork:
                creator = current.get(line["creator"]["pid"])
                if creator:
                    self.made[creator.id].append(p)
                self.t0 = max(self.t0, p.start_ns - line["ts"])
            current[p.pid] = p
            self.by_start[p.pid, p.start_ns // TICK].append(p)

    def descendants(self, p):
        yield p
        for child in self.made[p.id]:
            yield from self.descendants(child)


class Life:
    """A node of the journal with the process of the trace that it is."""

    def __init__(self, node, process):
        self.node, self.process = node, process
        self.made_by = self.made = self.waited = self.waiter = None
        self.maybe = process is None
