# SPDX-License-Identifier: GPL-2.0-only
"""Who reaped whom: the part of a Comparison (grove_compare.py) that is about zombies."""

from grove_journal import DEFAULT, NOCLDWAIT
from grove_world import SLACK, TICK


class Reaps:
    """What became of those who ended."""

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
        if not p.reap.get("inferred"):
            self.world.late.append(self.world.t0 + p.reap["ts"] - life.waited.ts)

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
            other = self.of_process.get(owner)
            if ignores is not False and (handed_on or silent is not True):
                fates.add("autoreap")
                if ignores and (handed_on or silent is False) and not self.at_once(p, other):
                    continue
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

    @staticmethod
    def at_once(process, owner):
        """Did its owner end before the kernel came to tell him of its end (exit_notify())?

        Then he had given it away, whatever he did about SIGCHLD.
        """
        gone = owner and owner.process.exit
        return gone and gone["ts"] - process.exit["ts"] < SLACK

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
