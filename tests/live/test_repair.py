# SPDX-License-Identifier: GPL-2.0-only
"""Coming back from a loss: what was not seen is concluded from what exists, and marked so."""

import json
import os
import signal
import subprocess
import unittest

from brood import LiveTest, Watch, helper, proc_stat, wait_until

ALONE = True    # what others do would be lost, too
TICKS = os.sysconf("SC_CLK_TCK")


def lines_of(output):
    """The whole lines so far."""
    return [json.loads(line) for line in output.splitlines(True) if line.endswith(b"\n")]


def living(lines):
    """id → the line that told of it, for those that have not ended as far as is told."""
    alive = {}
    for line in lines:
        note(alive, line)
    return alive


def note(alive, line):
    if line["type"] == "fork" or (line["type"] == "snapshot" and line["state"] == "alive"):
        alive[line["id"]] = line
    elif line["type"] in ("exit", "reap"):
        alive.pop(line["id"], None)


class Living:
    """The same, of a trace that grows: what was read is not read again."""

    def __init__(self, path):
        self.alive, self.rest = {}, b""
        self.file = open(path, "rb")

    def now(self):
        """The living as of what brood has written by now, by id."""
        *lines, self.rest = (self.rest + self.file.read()).split(b"\n")
        for text in lines:
            note(self.alive, json.loads(text))
        return self.alive

    def close(self):
        self.file.close()


def exists(identity):
    """Is the process with this "TGID-STARTNS" there, be it as a zombie?"""
    pid, start = identity.split("-")
    stat = proc_stat(int(pid))
    return stat is not None and int(stat[22]) == int(start) * TICKS // 1_000_000_000


class Repair(LiveTest):

    N = 1500        # lives that take 240 bytes of the ring each for their ends alone

    def said(self):
        with open(self.path("said"), "rb") as f:
            return f.read()

    def flood(self, *options, follow=True):
        """A storm of N while brood is stopped, with a ring of 64 KiB; then brood goes on.

        The storm's parent is a shell that then starts a sleep, and waits.  Returns the Watch,
        the shell's PID, and the gate that it waits at.
        """
        script = 'echo ready; read line; "$@"; sleep 600 & echo $! over; read line; kill $!; wait'
        shell = ["sh", "-c", script, "sh", *helper("storm", str(self.N))]
        read, gate = os.pipe()
        self.addCleanup(self.shut, gate)
        begun = lambda: self.said() == b"ready\n"
        with open(self.path("said"), "wb") as out:
            how = {"stdin": read, "stdout": out}
            if follow:
                watch = Watch(self, "export", "--buffer", "64K", "--args-max", "4K", *options,
                              command=shell, begun=begun, **how)
                self.pid = watch.command_pid()
            else:
                watch = Watch(self, "export", "--buffer", "64K", "--args-max", "4K", *options)
                self.pid = self.start(shell, **how).pid
                wait_until(begun, "the shell runs")
        os.close(read)
        os.kill(watch.process.pid, signal.SIGSTOP)
        wait_until(lambda: proc_stat(watch.process.pid)[3] == b"T", "brood is stopped")
        os.write(gate, b"\n")
        wait_until(lambda: self.said().endswith(b"over\n"), "the storm is over")
        wait_until(lambda: proc_stat(self.sleeper())[2] == b"sleep", "the sleep is one")
        os.kill(watch.process.pid, signal.SIGCONT)
        return watch, gate

    @staticmethod
    def shut(gate):
        try:
            os.close(gate)
        except OSError:
            pass

    def sleeper(self):
        return int(self.said().split()[-2])

    def test_the_living_are_those_that_live(self):
        watch, gate = self.flood()
        expected = {self.pid, self.sleeper()}
        pids = lambda: {line["pid"] for line in living(lines_of(watch.seen())).values()}
        wait_until(lambda: pids() == expected, "the tree is the kernel's again")
        os.close(gate)
        watch.finish()
        trace = watch.trace
        self.assertEqual(living(trace.lines), {})

        # Exact, although nobody saw them: each life is a fork, an exit and a reap; the storm
        # itself is one more, with an exec.  The shell: an exec, an exit, a reap.  The sleep.
        happened = 3 * (self.N + 1) + 1 + 3 + 4
        seen = sum(line["type"] in ("fork", "exec", "exit", "reap") and not line.get("inferred")
                   for line in trace.lines)
        missing = happened - seen - trace.end["lost"]
        self.assertUntold(trace, missing, happened)
        self.assertEqual(sum(line["count"] for line in trace.of("loss")), trace.end["lost"])

        # Whoever is known to have been born is known to have ended, and to be reaped.
        for p in trace.processes.values():
            self.assertTrue(p.exit or p.first.get("state") == "zombie", p)
            self.assertIsNotNone(p.reap, p)

    def test_a_birth_that_was_not_seen(self):
        """The sleep was born while the ring was full: it is found, with all that it is."""
        watch, gate = self.flood()
        found = watch.wait_for(rf'"type":"(snapshot|fork)",[^\n]*"pid":{self.sleeper()},[^\n]*')
        line = json.loads(b'{' + found[0])
        self.assertEqual(line["type"], "snapshot")
        self.assertIs(line["inferred"], True)
        self.assertEqual((line["ppid"], line["state"]), (self.pid, "alive"))
        os.close(gate)
        watch.finish()
        sleeper = watch.trace.by_pid(line["pid"])
        # Found by the census, or before it by its exec, if that came when there was room again.
        args = line["args"] if line["args"] is not None else sleeper.execs[0]["args"]
        self.assertEqual(args, ["sleep", "600"])
        self.assertEqual(sleeper.signal, signal.SIGTERM)
        self.assertReapedBy(sleeper, watch.trace.by_pid(self.pid))

    def test_ends_are_the_last_to_be_dropped(self):
        """While forks were lost already, the ring still had room for ends."""
        watch, gate = self.flood()
        os.close(gate)
        watch.finish()
        lines = [line for line in watch.trace.lines if line.get("comm") == "storm"]
        forks = sum(line["type"] == "fork" for line in lines)
        # The storm was over before brood read on: these came when no fork had room any more.
        ends = sum(line["type"] == "exit" and not line.get("inferred") for line in lines)
        self.assertLess(forks, self.N)
        self.assertGreater(ends, 50)

    def test_the_whole_machine(self):
        """No ghosts: whoever is alive in the trace is alive."""
        watch, gate = self.flood(follow=False)
        watch.wait_for('"type":"loss"')
        wait_until(lambda: self.sleeper() in
                   {line["pid"] for line in living(lines_of(watch.seen())).values()},
                   "the sleep is found")
        # Some have ended a moment ago, and brood is about to say so; a ghost never ends.
        gone = {p for p in living(lines_of(watch.seen())) if not exists(p)}
        wait_until(lambda: not gone & living(lines_of(watch.seen())).keys(), "no ghosts")
        os.close(gate)
        watch.stop()


if __name__ == "__main__":
    unittest.main()
