# SPDX-License-Identifier: GPL-2.0-only
"""What the live tests share: running brood, reading its JSON lines, waiting for things.

    run = follow(scenario("fork"))          # brood export -- build/scenarios/fork
    child = run.trace.child_of(run.command)
    self.assertEqual(child.code, 7)

A trace is judged as it is read (class Trace): whatever holds for every trace is asserted
there, so that each test says only what is special about it.  No test sleeps and hopes:
wait_until() waits for a condition, for at most PATIENCE seconds.
"""

import functools
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from trace_lines import Trace, clean

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
BROOD = os.path.join(BUILD, "brood")
# Seconds for anything that must happen; emulated machines need more.
PATIENCE = int(os.environ.get("PATIENCE", "30"))
NOBODY = 65534

# Tracepoint programs can be preempted, and one that runs already on a CPU is skipped there: a
# burst may lose events, however large the ring.
PREEMPTIBLE = tuple(int(n) for n in re.findall(r"\d+", os.uname().release)[:2]) >= (7, 0)
SKIPPED_PROBES = re.compile(rb"(\d+) events lost: the kernel skipped probes")
TRIES = 5               # to record something without that

# A busy machine may take longer than brood's usual 100 ms from an exit to its reap.  Only
# tests about that limit use it; for the others a zombie is what nobody has reaped at the end.
NEVER_MS = 600_000


def scenario(name, *args):
    return [os.path.join(BUILD, "scenarios", name), *map(str, args)]


def helper(name, *args):
    return [os.path.join(BUILD, "live", name), *args]


REAPER = helper("reaper")


def wait_until(condition, what, patience=PATIENCE):
    """The first true value of condition()."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what}")
        time.sleep(0.002)


def proc_stat(pid):
    """Fields of /proc/PID/stat, numbered as in proc(5); None if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            line = f.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    head, _, tail = line.rpartition(b") ")
    return [None, int(head.split()[0]), head.partition(b"(")[2]] + tail.split()


def is_zombie(pid):
    stat = proc_stat(pid)
    return stat is not None and stat[3] == b"Z"


class Finished:
    """One finished run of brood."""

    def __init__(self, status, stdout, stderr, reaper):
        self.status, self.stdout, self.stderr = status, stdout, stderr
        self.output = None          # bytes of the file given to -o
        self.zombie_after_ms = 100
        self.reaper = reaper        # PID of the adopter; brood itself is its child
        self._trace = None

    @property
    def trace(self):
        if self._trace is None:
            self._trace = Trace(self.output, self.zombie_after_ms * 1_000_000)
        return self._trace

    @property
    def command(self):
        """The followed command."""
        return self.trace.command

    @property
    def text(self):
        """What it wrote to -o, checked to be fit for a terminal."""
        return clean(self.output)


class LiveTest(unittest.TestCase):
    """A test with a directory of its own, whose processes are gone when it ends."""

    maxDiff = None
    longMessage = True

    def __init__(self, method):
        super().__init__(method)
        self.watches, self.skipped_probes, self.heard = [], 0, []
        if PREEMPTIBLE:
            # No plain function: unittest's loader would take that for a static method.
            setattr(self, method, functools.partial(self.unless_lost, getattr(self, method)))

    def unless_lost(self, test):
        """Run the test; where it fails and probes were skipped, it is skipped, with the reason.

        Where anything was lost for want of room, brood says that instead, and it has failed.
        """
        try:
            test()
        except unittest.SkipTest:
            raise
        except Exception as e:
            for watch in self.watches:
                watch.give_up()
            if not self.skipped_probes:
                raise
            why = f"{type(e).__name__}: {e}".split("\n", maxsplit=1)[0]
            self.skipTest(f"{self.skipped_probes} events lost, as this kernel skips probes "
                          f"that are preempted ({why[:100]})")

    def note(self, stderr):
        """What a brood had to say as it ended."""
        self.skipped_probes += sum(int(n) for n in SKIPPED_PROBES.findall(stderr))

    def numbers_heard(self):
        """All numbers in what brood said so far, PIDs among them."""
        said = [*self.heard, *(watch.seen() for watch in self.watches)]
        return sorted({int(n) for text in said for n in re.findall(rb"\b\d{1,7}\b", text)})

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="brood-test-")
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def reachable(self, program):
        """A copy where everybody may run it: the tree may lie in a home closed to others."""
        copy = self.copy(program)
        os.chmod(copy, 0o755)
        return copy

    @classmethod
    def record_for_all(cls, *command):
        """A trace of this command for a setUpClass: its path, in a directory of the class."""
        shared = tempfile.mkdtemp(prefix="brood-test-")
        cls.addClassCleanup(shutil.rmtree, shared, ignore_errors=True)
        trace = os.path.join(shared, "trace")
        for _ in range(TRIES):
            run = subprocess.run([*REAPER, BROOD, "record", "--force", "-o", trace, "--", *command],
                                 stdin=subprocess.DEVNULL, capture_output=True,
                                 timeout=PATIENCE, start_new_session=True, check=False)
            skipped = SKIPPED_PROBES.findall(run.stderr)
            if not (PREEMPTIBLE and skipped):
                break
        else:
            raise unittest.SkipTest(f"{skipped[0].decode()} events lost, as this kernel skips "
                                    f"probes that are preempted, in each of {TRIES} runs")
        assert (run.returncode, run.stderr) == (0, b""), run
        return trace

    def copy(self, path):
        """One of its own, for a test that changes it."""
        return shutil.copy(path, self.path(os.path.basename(path)))

    def start(self, argv, **how):
        """A process that does not outlive the test.  It leads a session of its own."""
        how.setdefault("start_new_session", True)
        process = subprocess.Popen(argv, **how)
        self.addCleanup(end_session, process)
        return process

    # --- following a command --------------------------------------------------------

    def brood(self, *args, reaper=True, stdin=subprocess.DEVNULL, env=None, input=None, **how):
        """Run brood with these arguments to its end.  Output and errors as bytes.

        Below a reaper of ours, so that it is known who adopts (see reaper.c).
        """
        argv = [*(REAPER if reaper else []), BROOD, *args]
        if input is not None:
            stdin = subprocess.PIPE
        process = self.start(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=env, **how)
        try:
            out, err = process.communicate(input, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            end_session(process)
            out, err = process.communicate()
            raise AssertionError(f"brood {args} did not end within {PATIENCE} s\n"
                                 f"stdout: {out[-2000:]}\nstderr: {err[-2000:]}") from None
        self.note(err)
        self.heard.append(out)
        return Finished(process.returncode, out, err, process.pid)

    def view(self, verb, command, *options, zombie_after_ms=NEVER_MS, **how):
        """brood VERB OPTIONS -o FILE -- COMMAND.  The file's bytes become .output."""
        output = self.path("output")
        verbs = [verb] if verb else []
        run = self.brood(*verbs, "--zombie-after", f"{zombie_after_ms}ms", *options, "--force",
                         "-o", output, "--", *command, **how)
        run.zombie_after_ms = zombie_after_ms
        with open(output, "rb") as f:
            run.output = f.read()
        self.heard.append(run.output)
        return run

    def follow(self, command, *options, **how):
        """The JSON lines of a command and its descendants: .trace."""
        return self.view("export", command, *options, **how)

    # --- what every reap has in common, on every kernel -------------------------------

    def assertReapedBy(self, process, reaper):
        """process was reaped by that process (or by that PID, where it is outside)."""
        self.assertIsNotNone(process.reap, f"{process} was not reaped")
        by = process.reap["by"]
        if by is None and process.reap.get("inferred") and not process.reap["exact"]:
            return      # a busy kernel that tells reaps late never told this one: unknown
        self.assertIsNotNone(by, f"nobody reaped {process}")
        if isinstance(reaper, int):
            self.assertEqual(by["pid"], reaper, f"who reaped {process}")
        else:
            self.assertEqual((by["pid"], by["id"]), (reaper.pid, reaper.id),
                             f"who reaped {process}")
        self.assertFalse(process.reap["autoreap"])

    def assertUntold(self, trace, missing, happened):
        """What is in no count is a reap that the kernel never tells, and so was inferred."""
        inferred = sum(line.get("inferred", False) for line in trace.of("reap"))
        self.assertIn(missing, range(min(inferred, self.never_told(trace.meta, happened)) + 1))

    @staticmethod
    def never_told(meta, happened):
        """How many of so many events may be reaps that the kernel never tells.

        One reap in a thousand, on a busy machine, where it tells them late (docs/correctness.md).
        """
        return 0 if meta["reap_source"] == "release_task" else happened // 300

    def assertCounts(self, trace, **counts):
        """The numbers in the last line; the others (lost too) are 0 unless given."""
        expected = {"forks": 0, "execs": 0, "exits": 0, "orphans": 0, "zombies": 0, "lost": 0}
        expected.update(counts)
        self.assertEqual({k: trace.end[k] for k in expected}, expected)


def end_session(process):
    """Kill what is left of a process started by LiveTest.start(), and reap it."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()


# --- watching while brood runs ------------------------------------------------------------


class Watch:
    """brood that is still running: its output goes to a file that can be read meanwhile.

        with Watch(test, "export") as w:        # whole machine; has begun when this returns
            …
            w.wait_for('"type":"reap"')
        w.trace
    """

    def __init__(self, test, verb, *args, command=None, reaper=False, begun=None,
                 zombie_after_ms=NEVER_MS, **how):
        self.zombie_after_ms = zombie_after_ms
        self.path = tempfile.mktemp(prefix="watch-", dir=test.dir)
        argv = [*(REAPER if reaper else []), BROOD, verb, "--zombie-after",
                f"{zombie_after_ms}ms", *args, "-o", self.path]
        argv += ["--", *command] if command else []
        how.setdefault("stdin", subprocess.DEVNULL)
        how.setdefault("stdout", subprocess.DEVNULL)
        self.test = test
        self.stderr = None
        # A file, no pipe: the command has it too, and may outlive brood.
        with open(self.path + ".err", "wb") as err:
            self.process = test.start(argv, stderr=err, **how)
        test.watches.append(self)
        if begun:
            wait_until(begun, "the command says that it runs")
        else:       # lines are written once the probes are attached and the snapshot is taken
            self.wait_for("\n")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and self.process.poll() is None:
            self.stop()

    def _errors(self):
        with open(self.path + ".err", "rb") as f:
            return f.read()

    def seen(self):
        try:
            with open(self.path, "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def wait_for(self, pattern):
        """Wait until the output has a line that matches the pattern; the match."""
        compiled = re.compile(pattern.encode())

        def look():
            match = compiled.search(self.seen())
            if not match and self.process.poll() is not None:
                raise AssertionError(f"brood ended ({self.process.returncode}) before it said "
                                     f"{pattern!r}: {self._errors()!r}")
            return match
        return wait_until(look, f"brood says {pattern!r}; so far {self.seen()[-2000:]!r}")

    def command_pid(self):
        """The PID of the followed command, from the trace so far."""
        return int(self.wait_for('"type":"snapshot",[^\\n]*"pid":(\\d+),')[1])

    def wait_reaped(self, *pids):
        for pid in pids:
            self.wait_for(f'"type":"reap",[^\\n]*"pid":{pid},')

    def stop(self, sig=signal.SIGINT, status=0):
        self.process.send_signal(sig)
        return self.finish(status)

    def finish(self, status=0):
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError("brood does not end") from None
        self.stderr = self._errors()
        self.test.note(self.stderr)
        self.test.assertEqual(self.process.returncode, status, self.stderr)
        return self

    def give_up(self):
        """The test has failed: hear what brood has to say at its end, if it still runs."""
        if self.stderr is None:
            for sig in (signal.SIGCONT, signal.SIGINT):
                self.process.send_signal(sig)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                return
            self.test.note(self._errors())

    @property
    def trace(self):
        return Trace(self.seen(), self.zombie_after_ms * 1_000_000)


# --- terminals --------------------------------------------------------------------------


class Terminal:
    """A program in the foreground of a terminal of its own, 100 columns wide."""

    def __init__(self, test, argv, columns=100, env=None):
        import fcntl
        import pty
        import struct
        import termios

        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                # A shell starts background jobs with these ignored; a terminal does not.
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                signal.signal(signal.SIGQUIT, signal.SIG_DFL)
                # Without NOFLSH a Ctrl-C throws away what was written and not yet read.
                mode = termios.tcgetattr(0)
                mode[3] |= termios.NOFLSH
                termios.tcsetattr(0, termios.TCSANOW, mode)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
                os.execve(argv[0], argv, {**os.environ, "TERM": "xterm", **(env or {})})
            finally:
                os._exit(127)
        self.said = b""
        self.status = None
        test.addCleanup(self.close)

    def press(self, keys):
        os.write(self.fd, keys)

    def _read(self, patience):
        if not select.select([self.fd], [], [], patience)[0]:
            raise AssertionError(f"the terminal is silent; so far {self.said!r}")
        try:
            data = os.read(self.fd, 65536)
        except OSError:             # EIO: all of its programs have ended
            data = b""
        self.said += data
        return data

    def wait_for(self, pattern):
        compiled = re.compile(pattern)
        while not compiled.search(self.said):
            if not self._read(PATIENCE):
                raise AssertionError(f"ended without {pattern!r}: {self.said!r}")
        return compiled.search(self.said)

    def finish(self):
        """Read to the end; the exit status as a shell shows it."""
        while self._read(PATIENCE):
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status

    def close(self):
        if self.status is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        os.close(self.fd)
