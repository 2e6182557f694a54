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

import collections
import os
import shutil
import subprocess
import sys
import tempfile

from grove_journal import DEFAULT, NOCLDWAIT, Journal
from trace_lines import Trace, args_of

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(HERE, "..", "..", "build")))
TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
SIGKILL, SIGSEGV = 9, 11
SLACK = 5_000_000           # ns: how well the start of the trace is known
PATIENCE = 60
TRIES = 5                   # for a run in which no events are lost


def b64(line, field):
    """The exact bytes of a text field."""
    import base64
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
        self.latest = 0                                 # ns from a wait4() to the reap's line
        self.exact = trace.meta["reap_source"] == "release_task"
        release = trace.meta["kernel"].split(".")
        self.before_5_17 = tuple(int("".join(c for c in n if c.isdigit()) or 0)
                                 for n in release[:2]) < (5, 17)
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


class Comparison:
    """One seed.  .problems: what disagrees."""

    def __init__(self, world, journal):
        self.world, self.journal = world, journal
        self.nodes = journal.nodes
        self.problems = []
        self.lives = {}         # node number: Life
        self.of_process = {}    # process id: Life
        if journal.gardener.last("settled") is None:
            self.wrong(None, "the grove did not settle: the journal is not complete")
        self.match()
        self.resolve_waits()
        for life in list(self.lives.values()):
            if life.process:
                self.check(life)

    def wrong(self, life, *words):
        who = "" if life is None else f"{life.node} PID {life.process and life.process.pid}: "
        self.problems.append(f"seed {self.journal.seed}: {who}" + " ".join(map(str, words)))

    def demand(self, condition, life, *words):
        if not condition:
            self.wrong(life, *words)
        return condition

    # --- what can be known ------------------------------------------------------------

    def spaces(self, node):
        """The inits of the PID namespaces around it, its own not counted if it is one."""
        space = node.space
        while space:
            init = self.nodes[space]
            if init is not node:
                yield init
            space = self.nodes[init.creator].space

    def killers(self, node):
        """[(killer's node, signal, certainly sent)]"""
        sent, tried = [], []
        for other in self.nodes:
            kills = [r for r in other.of("kill") if r.target == node.number]
            for r in kills:
                if r.errno == 0:
                    sent.append((other, r.sig, True))
            if kills and kills[-1].errno == -1:
                tried.append((other, kills[-1].sig, False))
        return sent + tried

    def stays(self, node):
        """It was parked and nobody took it away."""
        return bool(node.last("park")) and not self.may_be_cut(node)

    def dragged(self, node):
        """It may have died with the init of a PID namespace."""
        return any(not self.stays(init) for init in self.spaces(node))

    def may_be_cut(self, node):
        """It may have been killed at any moment, in the middle of anything."""
        return bool(self.killers(node)) or self.dragged(node)

    def pending(self, node, kind, results):
        """The last record of that kind, if its result was never written."""
        last = node.last(kind)
        if last is None or not self.may_be_cut(node):
            return None
        after = node.records[node.records.index(last) + 1:]
        return None if any(r.kind in results and r.tid == last.tid or r.kind in results
                           for r in after) else last

    # --- who is who --------------------------------------------------------------------

    def match(self):
        root = self.nodes[0]
        birth = root.first("birth")
        found = self.world.by_start[birth.pid, birth.start]
        if not self.demand(len(found) == 1, None, f"the root, PID {birth.pid}, is there",
                           len(found), "times"):
            return
        self.add(root, found[0])
        queue = [root]
        while queue:
            node = queue.pop(0)
            queue.extend(self.match_children(self.lives[node.number]))

    def add(self, node, process):
        life = self.lives[node.number] = Life(node, process)
        if process:
            self.of_process[process.id] = life
            if process.id in self.world.claimed:
                self.wrong(life, "is also", self.world.claimed[process.id])
            self.world.claimed[process.id] = (self.journal.seed, node)
        return life

    def match_children(self, life):
        """Each successful make, in order, is one fork line of that creator, in order."""
        node, made = life.node, []
        results = {r.child: r for r in node.of("made")}
        for attempt in node.of("try_make"):
            result = results.get(attempt.child)
            if result is None or result.errno == 0:
                made.append((attempt, result))
        processes = self.world.made[life.process.id] if life.process else []
        for i, (attempt, result) in enumerate(made):
            child = self.nodes[attempt.child]
            process = processes[i] if i < len(processes) else None
            if process is None and (result or child.first("birth")):
                self.wrong(life, f"made {child}, but there is no such process")
                continue
            new = self.add(child, process)
            new.made_by, new.made, new.attempt = life, result, attempt
            if process:
                yield child
        for extra in processes[len(made):]:
            self.wrong(life, f"did not make PID {extra.pid}")

    def number_in(self, node, space):
        """Its PID as seen from that namespace; None where that is not known."""
        birth = node.first("birth")
        if space == 0 and birth:
            return birth.pid
        if node.space == space and birth:
            return birth.nspid
        creator, made = self.nodes[node.creator], None
        if creator.space == space and node.number:
            made = next((r for r in creator.of("made") if r.child == node.number), None)
        return made.result if made else None

    def resolve_waits(self):
        for waiter in [self.journal.gardener, *self.nodes]:
            for r in waiter.of("waited"):
                found = [n for n in self.nodes if n.number in self.lives and n is not waiter and
                         self.number_in(n, waiter.space) == r.target]
                if len(found) > 1:      # a number was used twice
                    found = [n for n in found if not self.lives[n.number].waited][:1]
                if not found:
                    self.wrong(None, waiter, "waited for", r.target, "whom nobody made")
                    continue
                life = self.lives[found[0].number]
                self.demand(life.waited is None, life, "was waited for twice")
                life.waited, life.waiter = r, waiter

    # --- one process ---------------------------------------------------------------------

    def check(self, life):
        self.check_birth(life)
        self.check_execs(life)
        self.check_journal(life)
        if self.check_end(life):
            self.check_status(life)
            self.check_killer(life)
        self.check_parents(life)
        self.check_reap(life)

    def check_journal(self, life):
        """Nobody vanishes from the journal for no reason."""
        node = life.node
        last = node.last("end") or node.last("park")
        self.demand(last or self.may_be_cut(node), life, "wrote no end, and nobody killed it:",
                    node.records[-1] if node.records else "nothing at all")

    def check_birth(self, life):
        node, p, birth = life.node, life.process, life.node.first("birth")
        fork = p.fork
        if not self.demand(fork, life, "has no fork line"):
            return
        if birth:
            self.demand((birth.pid, birth.start) == (p.pid, p.start_ns // TICK), life,
                        "has PID and start", birth.pid, birth.start, "but", p.pid, p.start_ns)
            ns = (birth.nspid, birth.pid_ns)
            self.demand((fork["ns_pid"], fork["pid_ns"]) == ns, life,
                        "is in its PID namespace", ns, "not", fork["ns_pid"], fork["pid_ns"])
            self.demand((fork["uid"], fork["gid"]) == (birth.uid, birth.gid), life,
                        "has IDs", birth.uid, birth.gid, "not", fork["uid"], fork["gid"])
        if node.number == 0:
            self.demand(fork["ppid"] == birth.ppid == fork["creator"]["pid"], life, "is not of",
                        birth.ppid, "but of", fork["ppid"])
            return
        attempt, creator = life.attempt, life.made_by.process
        self.demand(fork["creator"] == {"pid": attempt.pid, "tid": attempt.tid}, life,
                    "was made by", attempt.pid, attempt.tid, "not", fork["creator"])
        if node.how == "parent":
            # Its parent is that of its creator, who may have got another one meanwhile.
            told = [self.pid_of(i) for i in self.chain(creator)]
            ppids = told[told.index(attempt.ppid):] if attempt.ppid in told else [attempt.ppid]
            self.demand(fork["ppid"] in ppids, life, "is a child of", fork["ppid"], "not", ppids)
        else:
            self.demand(fork["parent"] == creator.id, life, "is a child of", fork["parent"],
                        "not", creator.id)
        flags = set(fork["flags"] or ())
        for flag, hows in (("PARENT", ["parent"]), ("NEWPID", ["newpid"]),
                           ("VFORK", ["vfork", "spawn"]), ("VM", ["vfork", "spawn"])):
            self.demand((flag in flags) == (node.how in hows), life, "was made by", node.how,
                        "with flags", flags)
        self.between(life, "fork", attempt.ts, fork, life.made and life.made.ts)

    def between(self, life, what, after, line, before):
        """The line's moment lies between those of two records."""
        at = self.world.t0 + line["ts"]
        self.demand((after is None or after - SLACK < at) and
                    (before is None or at < before + SLACK), life, "the time of its", what,
                    "is not between", after, before, "but", at)

    def check_execs(self, life):
        node, lines = life.node, life.process.execs
        done = node.of("exec")
        pending = self.pending(node, "try_exec", ("exec", "exec_failed"))
        least, most = len(done), len(done) + bool(pending)
        if node.how == "spawn" and not done:
            # Its first words come after its exec.
            least, most = (1 if node.first("birth") else 0), 1
        if not self.demand(least <= len(lines) <= most, life, "has", least, "to", most,
                           "execs, not", len(lines)):
            return
        for r, line in zip(done, lines):
            before = node.records[:node.records.index(r)]
            attempt = next((t for t in reversed(before) if t.kind == "try_exec"), None)
            if node.how == "spawn" and r is done[0]:
                attempt = None
            self.check_exec(life, attempt, r, line)

    def check_exec(self, life, attempt, r, line):
        file, args = r.data[:r.file_len], r.data[r.file_len:r.file_len + r.args_len]
        comm = text(r.data[r.file_len + r.args_len:])
        self.demand(b64(line, "file") == file, life, "executed", file, "not", line["file"])
        told = b"".join(a + b"\0" for a in args_of(line))
        if line["args_truncated"]:
            self.demand(args.startswith(told.rstrip(b"\0")) and len(told) <= len(args), life,
                        "has other arguments")
            self.demand(len(args) > 4096, life, "has no", len(args), "bytes of arguments")
        else:
            self.demand(told == args, life, "has arguments", args, "not", told)
        self.demand(line["args_bytes"] == len(args), life, "has", len(args),
                    "bytes of arguments, not", line["args_bytes"])
        self.demand((line["uid"], line["gid"]) == (r.uid, r.gid), life, "is", r.uid, r.gid,
                    "not", line["uid"], line["gid"])
        self.demand(text(b64(line, "comm")) == comm, life, "is named", comm, "not", line["comm"])
        interp = attempt.data.decode() if attempt and attempt.data else None
        self.demand(line.get("interp") == interp, life, "has interpreter", interp, "not",
                    line.get("interp"))
        old = attempt.tid if attempt and attempt.tid != attempt.pid else None
        self.demand(line.get("old_tid") == old, life, "thread", old, "called exec, not",
                    line.get("old_tid"))
        self.between(life, "exec", attempt and attempt.ts, line, r.ts)

    # --- its end ---------------------------------------------------------------------------

    def check_end(self, life):
        """Whether it ended."""
        ended = life.process.exit is not None
        self.demand(ended != self.stays(life.node), life, "is parked, but ended" if ended else
                    "ended, but has no exit")
        return ended

    def possible_statuses(self, life):
        """What wait4() may say, without the flag for core."""
        node, found = life.node, set()
        end = node.last("end")
        if end:
            found.add(end.status_before_5_17 if self.world.before_5_17 else end.status)
            # All threads but the leader's are gone with an init that cannot kill itself.
        found.update(sig for _, sig, _ in self.killers(node))
        if self.dragged(node):
            found.add(SIGKILL)
        return found

    def check_status(self, life):
        line, possible = life.process.exit, self.possible_statuses(life)
        status = line["signal"] | line["core"] << 7 if "signal" in line else line["code"] << 8
        if life.waited:
            self.demand(status == life.waited.status, life, "has status", status, "but",
                        life.waiter, "was told", life.waited.status)
        self.demand(status & ~0x80 in possible, life, "has status", status, "not of", possible)
        end = life.node.last("end")
        for peek in (r for n in self.nodes for r in n.of("peeked")
                     if n is not life.node and n.number in self.lives and
                     self.number_in(life.node, n.space) == r.target and n.number == life.node.creator):
            told = (peek.status << 8 if peek.code == 1 else
                    peek.status | (0x80 if peek.code == 3 else 0))
            # Until 5.16 WNOWAIT told the status of the leader even where it is not that of the
            # process (kernel/exit.c: wait_task_zombie).
            if not (self.world.before_5_17 and life.node.end_kind.startswith("leader_first") and
                    end and told == end.leader):
                self.demand(status == told, life, "has status", status, "but", peek)
        if end and not self.may_be_cut(life.node):
            self.demand(text(b64(line, "comm")) == text(end.data), life, "ends as",
                        text(end.data), "not", line["comm"])
        self.between(life, "exit", end.ts if end and not self.may_be_cut(life.node) else None,
                     line, life.waited and life.waited.ts)

    def check_killer(self, life):
        node, line = life.node, life.process.exit
        by = line.get("killed_by")
        if "signal" not in line:
            self.demand(by is None, life, "was not killed, but by", by)
            return
        end = node.last("end")
        senders = [self.lives[n.number].process for n, sig, _ in self.killers(node)
                   if sig == line["signal"] and n.number in self.lives]
        sure = any(sig == line["signal"] and certain for _, sig, certain in self.killers(node))
        itself = end and end.status == line["signal"]
        nobody = self.dragged(node) and line["signal"] == SIGKILL
        if itself and node.end_kind == "fault":
            nobody = True
        elif itself:
            senders.append(life.process)
            sure = True
        if by is None:
            self.demand(nobody or not sure, life, "was killed, but not told by whom")
        else:
            self.demand(by["id"] in [s.id for s in senders if s], life, "was killed by", senders,
                        "not", by)

    # --- its parents ------------------------------------------------------------------------

    def chain(self, process):
        """Its parents, one after the other, as ids."""
        return [process.first["parent"], *[line["new_parent"] for line in process.orphans]]

    def pid_of(self, ident):
        return int(ident.split("-")[0]) if ident else None

    def died(self, ident):
        """The exit line of that process; None: it did not, or is not in the trace."""
        p = self.world.trace.processes.get(ident)
        return p.exit if p else None

    def check_parents(self, life):
        p = life.process
        chain = self.chain(p)
        for line, old, new in zip(p.orphans, chain, chain[1:]):
            self.demand(line["old_parent"] == old, life, "was adopted from", line["old_parent"],
                        "but was a child of", old)
            gone = self.died(old)
            self.demand(gone and gone["seq"] < line["seq"], life, "lost its parent", old,
                        "who did not end")
            self.demand(line["new_ppid"] == self.pid_of(new), life, "new_ppid is not of", new)
            self.check_adopter(life, line)
        # Whoever ended before it did is not its parent any more.
        gone = self.died(chain[-1])
        if gone and not self.is_init_of(life, chain[-1]):
            self.demand(p.exit and p.exit["seq"] < gone["seq"], life, "outlived", chain[-1],
                        "but is not told to be an orphan")
        self.check_seen_parents(life, chain)
        self.check_exit_parent(life, chain)

    def is_init_of(self, life, ident):
        """Is that the init whose end is the end of this one, too?"""
        other = self.of_process.get(ident)
        return other and other.node.number in [n.number for n in self.spaces(life.node)]

    def check_seen_parents(self, life, chain):
        """Every parent that it saw, in that order."""
        told = [self.pid_of(i) for i in chain]
        at, seen = 0, []
        for r in life.node.records:
            if "ppid" in r.values and not (r.kind == "made") and r.node == life.node.number:
                if not seen or seen[-1] != r.ppid:
                    seen.append(r.ppid)
        for ppid in seen:
            if not self.demand(ppid in told[at:], life, "saw parents", seen, "not", told):
                return
            at += told[at:].index(ppid)
        # Waited for, its parent was gone; whatever it wrote after that, it wrote as an orphan.
        parent = self.of_process.get(chain[-1])
        if parent and parent.waited and life.node.records and not self.stays(parent.node):
            last = life.node.records[-1].ts
            self.demand(last < parent.waited.ts or self.is_init_of(life, chain[-1]), life,
                        "lived on after", parent.node, "was waited for, but is no orphan")

    def check_exit_parent(self, life, chain):
        exit_line = life.process.exit
        if not exit_line:
            return
        allowed = [chain[-1]]
        # Adopted in that moment: the kernel may still name the parent that is ending.
        if len(chain) > 1:
            allowed.append(chain[-2])
        self.demand(exit_line["parent"] in allowed, life, "ended as a child of",
                    exit_line["parent"], "not", allowed)

    def may_adopt(self, life, ident):
        """Could that one be given orphans of this one's namespace at all?"""
        space = life.node.space
        if life.node.number == space and space:
            space = self.nodes[life.node.creator].space
        other = self.of_process.get(ident)
        if other is None:
            return space == 0 and self.pid_of(ident) == self.world.adopter
        if other.node.number == space and space:
            return True
        return other.node.space == space and other.node.first("subreaper") is not None

    def check_adopter(self, life, line):
        new = line["new_parent"]
        if new is None:         # taken along by its init
            self.demand(self.dragged(life.node), life, "was adopted by nobody")
            return
        self.demand(self.may_adopt(life, new), life, "was adopted by", new, "who cannot")

    # --- its reap -----------------------------------------------------------------------------

    def is_silent(self, life):
        """Is its end told by no SIGCHLD?  None: unknown."""
        node = life.node
        silent = node.how == "silent"
        if node.how == "parent":
            silent = self.is_silent(life.made_by)
        if not silent or life.process.orphans:      # an adopter is always told by SIGCHLD
            return silent and False
        # An exec makes it SIGCHLD, its own as well as one of its parent (do_notify_parent).
        if node.of("exec"):
            return False
        parent = self.of_process.get(life.process.first["parent"])
        execs = [r for r in parent.node.of("exec") if r.ts > life.attempt.ts] if parent else []
        if self.pending(node, "try_exec", ("exec", "exec_failed")) or execs:
            ended = life.process.exit and self.world.t0 + life.process.exit["ts"] - SLACK
            return False if execs and ended and execs[0].ts < ended else None
        return silent

    def ignores(self, ident):
        """Does it let the kernel reap its children?  None: it did so for a time only."""
        life = self.of_process.get(ident)
        if life is None:
            return False
        seen = [r.chld for r in life.node.records if "chld" in r.values]
        made = life.node.first("made")
        # What it said before its first child does not matter, unless somebody came to it.
        if made:
            i = life.node.records.index(made)
            before = [r.chld for r in life.node.records[:i] if "chld" in r.values]
            seen = before[-1:] + [r.chld for r in life.node.records[i:] if "chld" in r.values]
        # Killed in an exec, which resets SA_NOCLDWAIT: before or after that?
        if seen and seen[-1] == NOCLDWAIT and \
                self.pending(life.node, "try_exec", ("exec", "exec_failed")):
            return None
        kinds = {chld != DEFAULT for chld in seen}
        return kinds.pop() if len(kinds) == 1 else None

    def check_reap(self, life):
        p = life.process
        if not p.exit:
            self.demand(p.reap is None, life, "was reaped alive")
            return
        by = p.reap and p.reap["by"]
        if life.waited:
            self.check_waited(life)
            return
        outside = self.world.reaped.get((p.pid, p.start_ns // TICK))
        if outside is not None:
            self.check_reaped_outside(life, outside)
            return
        told = ("zombie" if not p.reap else "autoreap" if p.reap["autoreap"] else
                by["id"] if by else None)
        if told is None and (self.is_inferred(p) or self.cannot_be_known(life)):
            return
        possible = self.fates(life)
        self.demand(told in possible, life, "is told to be", told, "not one of", possible)
        if told == "zombie":
            self.demand(p.zombie, life, "has no zombie line")

    @staticmethod
    def is_inferred(p):
        return p.reap["by"] is None and p.reap.get("inferred") and not p.reap["exact"]

    def cannot_be_known(self, life):
        """Told late, a zombie of one who ignored SIGCHLD and ended himself is nobody's for sure.

        Either the kernel released it, or that one ended before he was to be notified; what
        is left in the freed process is the same (src/model/life.c: is_doubtful).
        """
        p = life.process
        if self.world.exact or p.reap["autoreap"] or p.reap["by"]:
            return False
        todo, seen = [*self.chain(p)[-2:], p.exit["parent"]], set()
        while todo:
            owner = todo.pop()
            gone, other = self.died(owner), self.of_process.get(owner)
            if owner in seen or not gone or not other:
                continue
            seen.add(owner)
            if self.ignores(owner) is not False:
                return True
            todo.extend(self.adopters_of(other))
        return False

    def check_reaped_outside(self, life, status):
        p = life.process
        line = p.exit
        told = line["signal"] | line["core"] << 7 if "signal" in line else line["code"] << 8
        self.demand(told == status, life, "has status", told, "but its adopter was told", status)
        by = p.reap and p.reap["by"]
        if p.reap and (self.is_inferred(p) or self.cannot_be_known(life)):
            return
        self.demand(by and by["pid"] == self.world.adopter and not p.reap["autoreap"], life,
                    "was reaped by the adopter", self.world.adopter, "not", p.reap and
                    ("autoreaped" if p.reap["autoreap"] else by))

    def check_waited(self, life):
        p, waiter = life.process, life.waiter
        if not self.demand(p.reap, life, "was waited for by", waiter, "but has no reap"):
            return
        pid = life.waited.pid
        by = p.reap["by"]
        if p.reap["autoreap"] and self.changed_mind(life) or self.cannot_be_known(life):
            return
        self.demand(not p.reap["autoreap"], life, "was waited for by", waiter, "not autoreaped")
        self.demand(not p.exit["autoreap"] or self.ignores(p.exit["parent"]) is not False, life,
                    "foretold to be autoreaped")
        if by is None:
            self.demand(self.is_inferred(p), life, "was waited for by", waiter,
                        "but reaped by nobody")
        else:
            self.demand(by["pid"] == pid, life, "was waited for by", waiter, pid, "not", by)
        if self.world.exact:
            self.demand(p.reap["exact"], life, "is not exact")
        # Told late, it may be very late: a grace period ends when every CPU has been idle or
        # gone to sleep once, and a loaded machine takes seconds for that.
        before = [r for r in waiter.records if r.kind == "try_wait" and r.ts < life.waited.ts]
        self.between(life, "reap", before[-1].ts if before else None, p.reap,
                     life.waited.ts if p.reap["exact"] else None)
        self.world.latest = max(self.world.latest,
                                self.world.t0 + p.reap["ts"] - life.waited.ts)

    def changed_mind(self, life):
        """Its parent changed what it does about SIGCHLD between its end and its reap.

        What sched_process_exit told then may not hold any more when the parent is notified,
        and where reaps are told late nothing is told again.
        """
        parent = self.of_process.get(life.process.exit["parent"])
        if self.world.exact or not parent:
            return False
        since = self.world.t0 + life.process.exit["ts"] - SLACK
        before, changing = None, False
        for r in parent.node.records:
            if r.kind == "try_exec":
                changing = r.ts < life.waited.ts
            if "chld" in r.values:
                if r.chld != before and r.ts > since and before is not None:
                    return True
                before = r.chld
        return changing and before == NOCLDWAIT     # killed in an exec that had reset it

    def fates(self, life):
        """What can have become of it, whom no process of the grove says to have waited for."""
        p = life.process
        fates, seen = set(), set()
        silent = self.is_silent(life)
        chain = self.chain(p)
        todo = [(chain[-1], False)]
        # Both ended at once, and the kernel had not yet given it away.
        if len(chain) > 1 and p.exit["parent"] == chain[-2]:
            todo.append((chain[-2], False))
        while todo:
            owner, handed_on = todo.pop()
            if owner in seen:
                continue
            seen.add(owner)
            ignores = self.ignores(owner)
            if ignores is not False and (handed_on or silent is not True):
                fates.add("autoreap")
                if ignores and (handed_on or silent is False):
                    continue
            other = self.of_process.get(owner)
            if other is None:           # the one outside, who said whom it reaped
                continue
            pending = other.node.last("try_wait")
            if pending and self.pending(other.node, "try_wait", ("waited", "wait_failed")):
                fates.add(owner)
            if not other.process.exit:
                fates.add("zombie")
                continue
            if other.node.number == other.node.space and other.node.number:
                fates.update((owner, "autoreap"))       # its last act: zap_pid_ns_processes()
                if life.node is not other.node:
                    continue
            todo.extend((a, True) for a in self.adopters_of(other))
            if self.dragged(life.node):
                fates.add("autoreap")
        return fates

    def adopters_of(self, life):
        """Who may have been given the children of that one as it ended."""
        trace, p = self.world.trace, life.process
        ended = p.exit["seq"]
        space = life.node.space
        current = self.parent_at(p, ended)
        while True:
            other = self.of_process.get(current)
            if other is None or other.node.space != space:
                break
            if other.node.first("subreaper"):
                exit_line = other.process.exit
                if exit_line is None or exit_line["seq"] > ended:
                    yield current
                    # Two that end together: which of them the kernel found alive?
                    if exit_line is None or exit_line["ts"] - p.exit["ts"] > SLACK:
                        return
            current = self.parent_at(other.process, ended)
        if space:
            yield self.lives[space].process.id
        else:
            outer = [i for q in trace.processes.values() for i in self.chain(q)
                     if self.pid_of(i) == self.world.adopter]
            outer += [q.reap["by"]["id"] for q in trace.processes.values()
                      if q.reap and q.reap["by"] and q.reap["by"]["pid"] == self.world.adopter]
            yield from set(outer)

    def parent_at(self, process, seq):
        parent = process.first["parent"]
        for line in process.orphans:
            if line["seq"] < seq:
                parent = line["new_parent"]
        return parent


# --- a run ------------------------------------------------------------------------------------


def run(directory, first, last, whole=False, options=(), jobs=4):
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
            import time
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
            under = subprocess.Popen([reaper, *export, "--", *command], cwd=directory, stdin=gate, env=env,
                                     start_new_session=True)
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
        if under.stdout:
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
    found, all_lives = [], 0
    for journal in journals:
        c = Comparison(world, journal)
        all_lives += len(c.of_process)
        if c.problems:
            found.append((journal.seed, c.problems, c))
    problems = []
    if world.trace.end["lost"]:
        problems.append(f"{world.trace.end['lost']} events lost")
    gardener = {j.gardener.records[0].pid for j in journals if j.gardener.records}
    mine = [p for p in world.trace.processes.values() if p.pid in gardener]
    for p in mine[:1]:
        for extra in world.descendants(p):
            if extra is not p and extra.id not in world.claimed:
                problems.append(f"no journal knows PID {extra.pid} {extra.id}")
    if problems:
        found.append((None, problems, None))
    return found, all_lives


def check(first, last, whole=False, options=(), keep=None):
    directory = tempfile.mkdtemp(prefix="grove-")
    try:
        world, journals = run(directory, first, last, whole, options)
        return (world, *compare(world, journals))
    finally:
        if keep is None:
            shutil.rmtree(directory, ignore_errors=True)
        else:
            keep.append(directory)


def show(world, comparison):
    print(comparison.journal)
    print("reaped by the adopter:", {k: v for k, v in world.reaped.items()
                                     if k[0] in {p.process.pid for p in
                                                 comparison.of_process.values()}})
    ids = set(comparison.of_process)
    for raw, line in zip(world.trace.output.split(b"\n"), world.trace.lines):
        if line.get("id") in ids:
            print(raw.decode())


def main(argv):
    whole, shows = "--whole" in argv, "--show" in argv
    numbers = [int(a) for a in argv if not a.startswith("-")]
    if not 1 <= len(numbers) <= 3:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    first, last = numbers[0], numbers[min(len(numbers), 2) - 1]
    step = numbers[2] if len(numbers) == 3 else 100
    bad, lives, latest, exact, again = [], 0, 0, True, 0
    for at in range(first, last + 1, step):
        world, found, n = check(at, min(at + step - 1, last), whole)
        # What was lost cannot be compared; that it was lost was told.
        for _ in range(TRIES):
            if not world.trace.end["lost"]:
                break
            again += 1
            world, found, n = check(at, min(at + step - 1, last), whole)
        for _, problems, comparison in found:
            if shows and comparison:
                show(world, comparison)
            print("\n".join(problems[:20]), flush=True)
        bad += [seed for seed, _, _ in found]
        lives, latest, exact = lives + n, max(latest, world.latest), world.exact
    late = "" if exact else f", reaps told up to {latest / 1e6:.0f} ms late"
    print(f"{last - first + 1} seeds, {lives} processes{late}, {len(bad)} disagreements"
          + (f": seeds {bad}" if bad else "")
          + (f" ({again} runs repeated, as events were lost)" if again else ""))
    if bad:
        print("    repeat: tests/live/grove_check.py --show", bad[0])
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
