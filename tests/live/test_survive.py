# SPDX-License-Identifier: GPL-2.0-only
"""What becomes of a trace when brood is killed, the disk is full, or nobody reads."""

import fcntl
import json
import os
import re
import resource
import signal
import stat
import subprocess
import unittest

from brood import BROOD, PATIENCE, LiveTest, wait_until

F_SETPIPE_SZ = 1031
FILLING = os.sysconf("SC_PAGESIZE")     # what the smallest pipe holds

# Forks and execs without end: it goes on until its standard input ends.
BUSY = 'while ! read -t 0 x; do /bin/true; done; exit 9'
BUSY = ["bash", "-c", BUSY]


def blocks(trace):
    """(kind, records) of each whole block of a trace."""
    at, found = 16, []
    while at + 56 <= len(trace) and trace[at:at + 4] == b"\xebblk":
        stored = int.from_bytes(trace[at + 16:at + 20], "little")
        if at + 56 + stored > len(trace):
            break
        found.append((trace[at + 8], int.from_bytes(trace[at + 20:at + 24], "little")))
        at += 56 + stored
    return found


META, SNAPSHOT, EVENTS, LOSS, END = range(1, 6)


class SurviveTest(LiveTest):

    def setUp(self):
        super().setUp()
        self.trace = self.path("t.brood")

    def blocks(self):
        try:
            with open(self.trace, "rb") as f:
                return blocks(f.read())
        except FileNotFoundError:
            return []

    def record(self, *command, **how):
        """A running brood record; its errors in a file."""
        how.setdefault("stdin", subprocess.PIPE)
        with open(self.path("err"), "wb") as err:
            return self.start([BROOD, "record", "-o", self.trace, *command],
                              stdout=subprocess.DEVNULL, stderr=err, **how)

    def said(self):
        with open(self.path("err"), encoding="utf-8") as f:
            return f.read()

    def wait_for_blocks(self, kind, n):
        wait_until(lambda: sum(k == kind for k, _ in self.blocks()) >= n,
                   f"{n} blocks of kind {kind} are written")

    def read(self, *args, status):
        done = subprocess.run([BROOD, *args, os.path.basename(self.trace)], cwd=os.path.dirname(self.trace),
                              capture_output=True, text=True, check=False, timeout=PATIENCE)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def end(self, brood, status):
        """Let the busy command end; brood ends with its status."""
        brood.stdin.write(b"\n")
        brood.stdin.flush()
        self.assertEqual(brood.wait(PATIENCE), status, self.said())


class Killed(SurviveTest):

    def test_kill_9(self):
        """All sealed blocks read back, whole; then one line, and status 3."""
        brood = self.record("--", *BUSY)
        self.wait_for_blocks(EVENTS, 2)
        brood.kill()
        brood.wait()
        whole = self.blocks()
        events = sum(records for kind, records in whole)
        self.assertNotIn(END, [kind for kind, _ in whole])
        self.assertGreater(events, 10)
        done = self.read("export", status=3)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        until = max(line["ts"] for line in lines) / 1e9
        self.assertEqual(done.stderr, f"brood: t.brood: cut short after {events} events, "
                                      f"until {until:.6f} s\n")
        self.assertEqual(lines[-1]["type"], "end")
        self.assertEqual(lines[-1]["lost"], 0)
        for verb in (["log"], ["tree"], ["summary"], []):
            done = self.read(*verb, status=3)
            self.assertRegex(done.stderr, rf"\Abrood: t\.brood: cut short after {events} events, "
                                          r"until \d+\.\d{6} s\n\Z")
            self.assertTrue(done.stdout)
        # The command, which brood left behind, must not outlive the test.
        brood.stdin.close()

    def test_nothing_but_a_beginning(self):
        with open(self.trace, "wb"):
            pass
        self.assertEqual(self.read("log", status=1).stderr, "brood: t.brood: an empty file\n")
        with open(self.trace, "wb") as f:
            f.write(b"\x89BRD\r\n")
        self.assertEqual(self.read("log", status=3).stderr,
                         "brood: t.brood: cut short within its header\n")

    def test_fifo(self):
        """A trace is read from a FIFO as it is written to it."""
        os.mkfifo(self.trace, 0o600)
        reader = self.start([BROOD, "export", self.trace], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        brood = self.record("--", "sh", "-c", "(exit 7)")
        out, err = reader.communicate(timeout=PATIENCE)
        self.assertEqual((reader.returncode, err), (0, b""))
        self.assertEqual(brood.wait(PATIENCE), 7)
        self.assertEqual(self.said(), "")
        self.assertIn(b'"code":7', out)
        self.assertTrue(stat.S_ISFIFO(os.stat(self.trace).st_mode), "it is what it was")


class Full(SurviveTest):
    """No room: counted, said and told in the trace; the command hears nothing of it."""

    def small_disk(self):
        disk = self.path("disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        self.trace = os.path.join(disk, "t.brood")
        self.ballast = os.path.join(disk, "ballast")

    def fill(self):
        """Until not one more byte fits."""
        fd = os.open(self.ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            while os.write(fd, b"x" * 4096):
                pass
        except OSError as e:
            self.assertIn("No space", str(e))
        finally:
            os.close(fd)

    def wait_said(self, pattern):
        wait_until(lambda: re.search(pattern, self.said()), f"brood says {pattern!r}")

    def test_recovers(self):
        """A disk full for a while: the blocks wait, and nothing is missing in the end."""
        self.small_disk()
        brood = self.record("--", *BUSY)
        self.wait_for_blocks(EVENTS, 1)
        self.fill()
        self.wait_said("No space left on device")
        os.unlink(self.ballast)
        n = len(self.blocks())
        self.wait_for_blocks(EVENTS, n)
        self.end(brood, 9)
        self.assertRegex(self.said(), r"\Abrood: \S+/t\.brood: No space left on device "
                                      r"\([^\n]+\)\n\Z")
        trace = [json.loads(line) for line in self.read("export", status=0).stdout.splitlines()]
        self.assertEqual(trace[-1]["lost"], 0)
        self.assertEqual(trace[-1]["exits"], trace[-1]["forks"] + 1)

    def test_full_to_the_end(self):
        """The command keeps its status; how much is missing is said, and adds up."""
        self.small_disk()
        brood = self.record("--", *BUSY)
        self.wait_for_blocks(EVENTS, 1)
        self.fill()
        self.wait_said("No space left on device")
        self.end(brood, 9)
        missing = re.search(r"brood: \S+/t\.brood: [^\n:]+: (\d+) events are missing\n\Z",
                            self.said())
        self.assertTrue(missing, self.said())
        self.assertGreater(int(missing[1]), 0)
        # The few bytes that tell of the loss and of the end may have found room.
        events = sum(records for kind, records in self.blocks() if kind != LOSS)
        if END in [kind for kind, _ in self.blocks()]:
            last = json.loads(self.read("export", status=0).stdout.splitlines()[-1])
            self.assertEqual(last["lost"], int(missing[1]))
        else:
            said = self.read("log", status=3).stderr
            self.assertIn(f"cut short after {events} events", said)

    def test_size_limit(self):
        """RLIMIT_FSIZE is a full disk too, and its signal reaches nobody."""
        # The command has the limit too, as it would without brood; it writes no file.
        brood = self.record("--", *BUSY, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY)))
        self.wait_said("File too large")
        resource.prlimit(brood.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        n = len(self.blocks())
        self.wait_for_blocks(EVENTS, n)
        self.end(brood, 9)
        trace = [json.loads(line) for line in self.read("export", status=0).stdout.splitlines()]
        self.assertEqual(trace[-1]["lost"], 0)

    def test_size_limit_of_a_view(self):
        done = self.brood("log", "-o", self.path("log"), "--", "sh", "-c",
                          "for i in 1 2 3 4 5 6 7 8 9; do /bin/true $i; done; kill -XFSZ $$",
                          preexec_fn=lambda: resource.setrlimit(
                              resource.RLIMIT_FSIZE, (512, resource.RLIM_INFINITY)))
        self.assertEqual(done.status, 125)
        self.assertRegex(done.stderr, rb"\Abrood: \S+/log: File too large\n\Z")
        done = self.brood("log", "-o", "/dev/null", "--", "sh", "-c", "kill -XFSZ $$")
        self.assertEqual(done.status, 128 + signal.SIGXFSZ, "the command has its own handling")

    def test_whole_machine(self):
        """Without a command, events that could not be written are a failure of brood's."""
        self.small_disk()
        brood = self.record()
        self.wait_for_blocks(SNAPSHOT, 1)
        self.fill()
        busy = self.start(["sh", "-c", "while :; do /bin/true; done"])
        self.wait_said("No space left on device")
        busy.kill()
        brood.send_signal(signal.SIGTERM)
        self.assertEqual(brood.wait(PATIENCE), 1)

    def test_tee(self):
        """The view beside it is complete."""
        self.small_disk()
        with open(self.path("err"), "wb") as err:
            brood = self.start([BROOD, "export", "--tee", self.trace, "-o", self.path("out"),
                                "--", *BUSY], stdin=subprocess.PIPE, stderr=err)
        self.wait_for_blocks(EVENTS, 1)
        self.fill()
        self.wait_said("No space left on device")
        self.end(brood, 9)
        with open(self.path("out"), encoding="utf-8") as f:
            last = json.loads(f.read().splitlines()[-1])
        self.assertEqual((last["type"], last["lost"]), ("end", 0))


class Unread(SurviveTest):
    """A pipe that is open, and that nobody reads."""

    def record_into_pipe(self, *command):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        # It is full before anything was written.
        self.assertEqual(os.write(writing, bytes(FILLING)),
                         fcntl.fcntl(writing, F_SETPIPE_SZ, FILLING))
        with open(self.path("err"), "wb") as err:
            brood = self.start([BROOD, "record", "-o", "-", *command], stdout=writing,
                               stdin=subprocess.PIPE, stderr=err)
        os.close(writing)
        return brood, reading

    def interrupt(self, brood):
        """Until it has taken notice: a second signal would be the same one else."""
        brood.send_signal(signal.SIGINT)

        def taken():
            with open(f"/proc/{brood.pid}/status", encoding="ascii") as f:
                return int(re.search(r"^ShdPnd:\t(\w+)$", f.read(), re.M)[1], 16) == 0
        wait_until(taken, "brood takes the signal")

    def test_second_signal(self):
        """The first one ends the recording, which waits for a reader; the second ends that."""
        brood, _ = self.record_into_pipe()
        self.wait_watching(brood)
        self.interrupt(brood)
        self.assertIsNone(brood.poll())
        brood.send_signal(signal.SIGINT)
        self.assertEqual(brood.wait(PATIENCE), 1)
        self.assertRegex(self.said(), r"\Abrood: -: nobody read it: \d+ events are missing\n\Z")

    def wait_watching(self, brood):
        wait_until(lambda: any(name == "brood-trace" for name in self.threads(brood)),
                   "it records")

    def threads(self, brood):
        for tid in os.listdir(f"/proc/{brood.pid}/task"):
            with open(f"/proc/{brood.pid}/task/{tid}/comm", encoding="ascii") as f:
                yield f.read().strip()

    def test_late_reader(self):
        """Who reads at last gets it all."""
        brood, reading = self.record_into_pipe()
        self.wait_watching(brood)
        self.interrupt(brood)
        self.assertEqual(os.read(reading, FILLING), bytes(FILLING))
        done = subprocess.run([BROOD, "export", "-"], stdin=reading, capture_output=True,
                              check=False, timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(brood.wait(PATIENCE), 0)
        self.assertEqual(self.said(), "")

    def test_reader_leaves(self):
        """The command is followed to its end, and its status is kept."""
        brood, reading = self.record_into_pipe("--", *BUSY)
        self.wait_watching(brood)
        os.dup2(os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC), reading)
        self.end(brood, 9)
        self.assertEqual(self.said(), "")


class Outputs(SurviveTest):
    """-o of a record: nothing is overwritten, replaced or removed that was not asked for."""

    def run_record(self, *options, path=None):
        return self.brood("record", *options, "-o", path or self.trace, "--", "true")

    def test_new(self):
        os.umask(os.umask(0))
        run = self.run_record()
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.assertEqual(stat.S_IMODE(os.stat(self.trace).st_mode), 0o600)

    def test_existing(self):
        with open(self.trace, "wb") as f:
            f.write(b"precious")
        os.chmod(self.trace, 0o644)
        run = self.run_record()
        self.assertEqual(run.status, 125)
        self.assertRegex(run.stderr, rb"\Abrood: \S+: File exists \(--force [^\n]*\)\n\Z")
        with open(self.trace, "rb") as f:
            self.assertEqual(f.read(), b"precious")
        run = self.run_record("--force")
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.read("log", status=0)

    def test_kept_where_nothing_is_recorded(self):
        """--force, and then the command is not there: what it would have overwritten stays."""
        with open(self.trace, "wb") as f:
            f.write(b"precious")
        run = self.brood("record", "--force", "-o", self.trace, "--", "/nowhere")
        self.assertEqual(run.status, 127)
        with open(self.trace, "rb") as f:
            self.assertEqual(f.read(), b"precious")
        run = self.brood("record", "-o", self.path("new"), "--", "/nowhere")
        self.assertFalse(os.path.exists(self.path("new")))

    def test_symlink(self):
        """Whether it points to a file or nowhere, with --force or without."""
        with open(self.path("target"), "wb") as f:
            f.write(b"precious")
        for target in ("target", "nowhere"):
            os.symlink(self.path(target), self.trace)
            for options in ([], ["--force"]):
                with self.subTest(target=target, options=options):
                    run = self.run_record(*options)
                    self.assertEqual(run.status, 125)
                    self.assertRegex(run.stderr, rb"\Abrood: [^\n]+\n\Z")
                    self.assertEqual(os.readlink(self.trace), self.path(target))
            os.unlink(self.trace)
        with open(self.path("target"), "rb") as f:
            self.assertEqual(f.read(), b"precious")
        self.assertFalse(os.path.exists(self.path("nowhere")))

    def test_devices(self):
        """/dev/null and the like are written to, and stay what they are: also if we fail."""
        null = self.path("null")
        os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        full = self.path("full")
        os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        for path, said in ((null, rb"\A\Z"), (full, rb"No space left on device: \d+ events are "
                                                    rb"missing\n\Z")):
            before = os.stat(path)
            run = self.run_record(path=path)
            self.assertEqual(run.status, 0)
            self.assertRegex(run.stderr, said)
            run = self.brood("record", "-o", path, "--", "/nowhere")
            self.assertEqual(run.status, 127)
            after = os.stat(path)
            self.assertEqual((after.st_rdev, after.st_mode, after.st_ino),
                             (before.st_rdev, before.st_mode, before.st_ino))


if __name__ == "__main__":
    unittest.main()
