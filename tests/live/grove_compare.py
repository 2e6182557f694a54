# SPDX-License-Identifier: GPL-2.0-only
"""One seed: the journal of a grove and what brood told of it, compared."""

from grove_reaps import Reaps
from grove_world import SLACK, TICK, Life, b64, text
from trace_lines import args_of

SIGKILL = 9
DUMPS_CORE = {3, 4, 5, 6, 7, 8, 11, 24, 25, 31}     # signal(7), x86 and arm


class Comparison(Reaps):
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

    def infected(self, node):
        """Signals of others that it may have died of.

        Until 5.15 a core dump killed all that shared the memory, with the same status
        (fs/coredump.c: zap_threads): a child of vfork or posix_spawn, and its creator.  Who
        is parked has no such child any more, and is none.
        """
        if self.world.kernel >= (5, 16) or node.last("park"):
            return set()
        found = set()
        for other in self.nodes:
            if self.begins_in(node, other) or self.begins_in(other, node):
                end = other.last("end")
                found.update(sig for _, sig, _ in self.killers(other))
                found.add(end.status if end else None)
        return found & DUMPS_CORE

    @staticmethod
    def begins_in(child, creator):
        """Does the child begin in its creator's memory?"""
        return child.creator == creator.number and child.how in ("vfork", "spawn")

    def may_be_cut(self, node):
        """It may have been killed at any moment, in the middle of anything."""
        return bool(self.killers(node)) or self.dragged(node) or bool(self.infected(node))

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

    def may_have_number(self, node, space, number):
        """Whoever could have written down its PID there was killed before: is it that one?"""
        life = self.lives[node.number]
        if (life.waited or not (life.process and life.process.fork) or
                space not in (node.space, self.nodes[node.creator].space) or
                self.number_in(node, space) is not None):
            return False
        return node.space != space or life.process.fork["ns_pid"] == number

    def resolve_waits(self):
        for waiter in [self.journal.gardener, *self.nodes]:
            for r in waiter.of("waited"):
                others = [n for n in self.nodes if n.number in self.lives and n is not waiter]
                found = [n for n in others if self.number_in(n, waiter.space) == r.target]
                found = found or [n for n in others
                                  if self.may_have_number(n, waiter.space, r.target)][:1]
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
            found.add(end.status_before_5_17 if self.world.kernel < (5, 17) else end.status)
            # All threads but the leader's are gone with an init that cannot kill itself.
        found.update(sig for _, sig, _ in self.killers(node))
        found.update(self.infected(node))
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
            if not (self.world.kernel < (5, 17) and end and told == end.leader and
                    life.node.end_kind.startswith("leader_first")):
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
        nobody = (self.dragged(node) and line["signal"] == SIGKILL or
                  line["signal"] in self.infected(node))
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
