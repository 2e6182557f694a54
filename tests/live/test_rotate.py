# SPDX-License-Identifier: GPL-2.0-only
"""brood record -o DIR: files that follow each other, and all of them read as one."""

import base64
import os
import re
import signal
import stat
import subprocess

from brood import BROOD, PATIENCE, LiveTest, helper, scenario, wait_until
from trace_lines import Trace

NAME = re.compile(r"brood-\d{8}T\d{6}\.\d{6}Z\.brood")


class Recorder:
    """brood record -o DIR, running; it has begun when this returns."""

    def __init__(self, test, *args, command=None, directory="traces"):
        self.test = test
        self.dir = test.path(directory)
        if "--rotate" not in args:      # else brood makes it
            os.makedirs(self.dir, exist_ok=True)
        before = self.files()
        self.errors = open(test.path("errors"), "w+b")
        test.addCleanup(self.errors.close)
        argv = [BROOD, "record", "-o", self.dir, *args] + (["--", *command] if command else [])
        self.process = test.start(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=self.errors)
        wait_until(lambda: self._size(before) or self.process.poll() is not None,
                   "the first file is begun")

    def _size(self, before):
        new = [name for name in self.files() if name not in before]
        return new and os.path.getsize(os.path.join(self.dir, new[0])) > 0

    def files(self):
        return sorted(os.listdir(self.dir)) if os.path.isdir(self.dir) else []

    def wait_for_files(self, n):
        wait_until(lambda: len(self.files()) >= n, f"there are {n} files: {self.files()}")

    def path(self, name):
        return os.path.join(self.dir, name)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def ended(self):
        """Wait for its end: its status, and what it said."""
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            raise AssertionError("brood does not end") from None
        said = self.said()
        self.test.note(said.encode())
        return self.process.returncode, said

    def finish(self, status=0, said=""):
        self.test.assertEqual(self.ended(), (status, said))

    def stop(self, sig=signal.SIGTERM, **how):
        self.process.send_signal(sig)
        self.finish(**how)


class RotateTest(LiveTest):

    def read(self, path, status=0, said=b"", runs=1):
        run = self.brood("export", "--zombie-after", "600s", path, reaper=False)
        self.assertEqual(run.status, status, run.stderr)
        if said is not None:
            self.assertEqual(run.stderr, said)
        return Trace(run.stdout, 600_000_000_000, runs)

    def storm(self, n=200):
        """n processes; the PIDs of the parent and its children, from /proc's own count."""
        process = self.start(helper("storm", str(n)), stdout=subprocess.PIPE)
        out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, out), (0, b"done\n"))
        return process.pid

    def assertStorm(self, trace, parent, n=200, reaps=True):
        """All of its children were born, exited and reaped, each once."""
        families = {}       # PIDs are used again while this machine makes so many processes
        for p in trace.processes.values():
            if p.fork and p.fork["ppid"] == parent:
                families.setdefault(p.fork["parent"], []).append(p)
        self.assertIn(n, map(len, families.values()))
        for child in next(f for f in families.values() if len(f) == n):
            self.assertEqual(child.code, child.pid % 128)
            if reaps:       # which may be told late, so in the next file
                self.assertReapedBy(child, parent)


class Rotation(RotateTest):

    def test_by_size(self):
        """Nothing is lost, and nothing doubled, at the seams; each file stands alone."""
        recorder = Recorder(self, "--rotate", "64K")
        self.assertEqual(stat.S_IMODE(os.stat(recorder.dir).st_mode), 0o700)
        parents = []
        # Storms are told in so few bytes that it would take a hundred: so there are others,
        # with arguments that nothing can make shorter.
        noise = [base64.b64encode(os.urandom(1500)) for _ in range(100)]
        others = self.start(["sh", "-c", 'while :; do for a; do /bin/true "$a"; done; done', "sh",
                             *noise])
        wait_until(lambda: parents.append(self.storm(500)) or len(recorder.files()) > 2,
                   "files are rotated")
        others.kill()
        recorder.stop()
        names = recorder.files()
        for name in names:
            self.assertRegex(name, NAME)
            info = os.stat(recorder.path(name))
            self.assertEqual(stat.S_IMODE(info.st_mode), 0o600)
            # 64 KiB, and two blocks of 256 KiB that were under way.
            self.assertLess(info.st_size, 600_000)
            if name != names[-1]:
                self.assertGreaterEqual(info.st_size, 65536)
        whole = self.read(recorder.dir)
        self.assertEqual(whole.end["lost"], 0)
        for parent in parents:
            self.assertStorm(whole, parent, 500)
        alone = [self.read(recorder.path(name)) for name in names]
        for what in ("forks", "execs", "exits"):
            self.assertEqual(sum(t.end[what] for t in alone), whole.end[what], what)
        for trace in alone:
            self.assertTrue([p for p in trace.processes.values() if p.snapshot and p.pid == 1])

    def test_by_time(self):
        recorder = Recorder(self, "--rotate", "1s")
        parent = self.storm()
        recorder.wait_for_files(3)      # also on an idle machine
        recorder.stop()
        trace = self.read(recorder.dir)
        self.assertStorm(trace, parent)
        self.assertGreaterEqual(trace.end["duration_ns"], 2_000_000_000)
        self.assertGreaterEqual(self.read(recorder.path(recorder.files()[0])).end["duration_ns"],
                                1_000_000_000)

    def test_every_verb_reads_all(self):
        recorder = Recorder(self)
        self.storm(10)
        recorder.process.send_signal(signal.SIGHUP)
        recorder.wait_for_files(2)
        self.storm(10)
        recorder.stop()
        for verb in ([], ["log"], ["tree"], ["summary"], ["export", "--format", "processes"]):
            with self.subTest(verb=verb):
                run = self.brood(*verb, recorder.dir)
                self.assertEqual((run.status, run.stderr), (0, b""))
                self.assertIn(b"storm", run.stdout)

    def test_keep(self):
        os.mkdir(self.path("traces"))
        for name in ("notes.txt", "mine.brood"):
            with open(os.path.join(self.path("traces"), name), "wb"):
                pass
        recorder = Recorder(self, "--keep", "2")
        seen = set()
        for _ in range(5):
            names = [n for n in recorder.files() if NAME.fullmatch(n)]
            newest = names[-1]
            self.assertLessEqual(len(names), 3)     # the oldest goes when a new one is there
            seen.update(names)
            recorder.process.send_signal(signal.SIGHUP)
            wait_until(lambda: recorder.files()[-3] > newest or
                       max(n for n in recorder.files() if NAME.fullmatch(n)) > newest,
                       "a new file is begun")
        recorder.stop()
        names = [n for n in recorder.files() if NAME.fullmatch(n)]
        self.assertEqual(len(names), 2)
        self.assertGreaterEqual(len(seen), 5)
        self.assertEqual(names, sorted(seen | set(names))[-2:])
        self.assertIn("notes.txt", recorder.files())
        self.assertIn("mine.brood", recorder.files())
        os.unlink(recorder.path("mine.brood"))
        self.read(recorder.dir)


class Signals(RotateTest):

    def test_hangup_begins_a_file(self):
        recorder = Recorder(self)
        first = self.storm()
        recorder.process.send_signal(signal.SIGHUP)
        recorder.wait_for_files(2)
        second = self.storm()
        recorder.stop()
        self.assertEqual(len(recorder.files()), 2)
        early, late = (self.read(recorder.path(name)) for name in recorder.files())
        self.assertStorm(early, first, reaps=False)
        self.assertStorm(late, second)
        self.assertFalse([p for p in late.processes.values() if p.fork and p.fork["ppid"] == first])
        whole = self.read(recorder.dir)
        self.assertStorm(whole, first)
        self.assertStorm(whole, second)
        self.assertEqual(len([1 for line in whole.lines if line["type"] == "meta"]), 1)

    def test_who_lives_on_is_in_each_file(self):
        recorder = Recorder(self)
        child = self.start(["sleep", "1000"])
        name = self.path("sleeps")
        # It ends only when the shell, which might reap it, has become the sleep.
        zombie = self.start(["sh", "-c", "while read c < /proc/$$/comm && [ $c = sh ]; do :; done & "
                                         f"echo $! > {name}; exec sleep 1000"])
        wait_until(lambda: os.path.exists(name) and os.path.getsize(name), "the shell runs")
        with open(name, encoding="ascii") as f:
            dead = int(f.read())
        wait_until(lambda: open(f"/proc/{dead}/stat", encoding="ascii").read().split()[2] == "Z",
                   "it is a zombie")
        recorder.process.send_signal(signal.SIGHUP)
        recorder.wait_for_files(2)
        recorder.stop()
        trace = self.read(recorder.path(recorder.files()[1]))
        found = {p.pid: p for p in trace.processes.values()}
        self.assertEqual(found[child.pid].snapshot["args"], ["sleep", "1000"])
        self.assertEqual(found[child.pid].snapshot["state"], "alive")
        self.assertEqual(found[dead].snapshot["state"], "zombie")
        self.assertEqual(found[dead].snapshot["ppid"], zombie.pid)

    def test_orderly_ends(self):
        for n, sig in enumerate((signal.SIGTERM, signal.SIGINT)):
            with self.subTest(sig=sig):
                recorder = Recorder(self, "--rotate", "1h", directory=f"traces{n}")
                recorder.stop(sig)
                self.assertEqual(len(recorder.files()), 1)
                self.read(recorder.dir)
        recorder = Recorder(self, "--for", "0.2", "--rotate", "1h", directory="for")
        recorder.finish()
        self.read(recorder.dir)

    def test_hangup_ends_what_does_not_rotate(self):
        run = self.start([BROOD, "record", "-o", self.path("one")], stderr=subprocess.PIPE)
        wait_until(lambda: os.path.exists(self.path("one")) and os.path.getsize(self.path("one")),
                   "it has begun")
        run.send_signal(signal.SIGHUP)
        _, said = run.communicate(timeout=PATIENCE)
        self.note(said)
        self.assertEqual((run.returncode, said), (0, b""))
        self.read(self.path("one"))

    def test_command(self):
        recorder = Recorder(self, "--rotate", "1h", command=scenario("fork"))
        recorder.finish()
        trace = self.read(recorder.dir)
        self.assertEqual(trace.command.comm, "fork")


class Trouble(RotateTest):

    def test_killed_and_started_again(self):
        """What nobody saw is not made up, and nothing stays a ghost."""
        recorder = Recorder(self)
        gone = self.start(["sleep", "1000"])
        stays = self.start(["sleep", "1001"])
        self.storm()
        recorder.process.send_signal(signal.SIGHUP)
        recorder.wait_for_files(2)
        wait_until(lambda: self.in_last_file(recorder, stays.pid), "both are in the second file")
        recorder.process.kill()
        recorder.finish(-signal.SIGKILL)
        gone.kill()
        gone.wait()
        born = self.start(["sleep", "1002"])
        again = Recorder(self)
        again.stop()
        self.assertEqual(len(again.files()), 3)
        trace = self.read(again.dir, 3, None, runs=2)
        lines = {}
        for p in trace.processes.values():
            lines[p.pid] = [line["type"] for line in p.lines]
        self.assertEqual(lines[gone.pid][-1], "reap")
        ghost = [p for p in trace.processes.values() if p.pid == gone.pid][0]
        self.assertTrue(ghost.reap["inferred"])
        self.assertIsNone(ghost.reap["by"])
        self.assertNotIn("reap", lines[stays.pid])
        self.assertEqual(lines[born.pid], ["snapshot"])
        metas = [line for line in trace.lines if line["type"] == "meta"]
        self.assertEqual(len(metas), 2)
        self.assertEqual(metas[0]["boot_id"], metas[1]["boot_id"])
        self.assertLessEqual(metas[1]["unwatched_since"], metas[1]["ts"])
        run = self.brood("log", again.dir)
        self.assertRegex(run.stdout.decode(), r"recorded again, after \S+ \S+ unwatched\n")
        self.assertRegex(run.stderr.decode(),
                         r"\Abrood: \S+/brood-\S+\.brood: cut short after \d+ events, until .* s\n\Z")

    def in_last_file(self, recorder, pid):
        run = self.brood("export", recorder.path(recorder.files()[-1]))
        return f'"pid":{pid},' in run.stdout.decode()

    def test_read_while_it_is_written(self):
        recorder = Recorder(self)
        self.storm()
        recorder.process.send_signal(signal.SIGHUP)
        recorder.wait_for_files(2)
        run = wait_until(lambda: self.being_written(recorder), "the snapshot is there")
        self.assertRegex(run.stderr.decode(), r"\Abrood: \S+: still being written; shown until "
                                              r"\d+\.\d{6} s\n\Z")
        self.assertIn(b"storm", run.stdout)
        recorder.stop()

    def being_written(self, recorder):
        run = self.brood("log", recorder.dir)
        self.assertEqual(run.status, 0, run.stderr)
        return run if run.stderr.count(b"\n") == 1 and recorder.files()[-1].encode() in run.stderr \
            else None           # the first one may still be finishing

    def test_one_recorder_at_a_time(self):
        recorder = Recorder(self)
        run = self.brood("record", "-o", recorder.dir, reaper=False)
        self.assertEqual(run.status, 1)
        self.assertRegex(run.stderr.decode(), r"\Abrood: \S+: is in use \(another brood .*\)\n\Z")
        recorder.stop()

    def small_disk(self):
        disk = self.path("disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "brood-test", disk],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)

    def fill_disk(self):
        with open(self.path("disk/ballast"), "wb", buffering=0) as f, \
                self.assertRaises(OSError):
            while f.write(b"x" * 4096):
                pass

    def test_full_disk(self):
        """The workload goes on; when there is room again, so does the record."""
        self.small_disk()
        recorder = Recorder(self, "--rotate", "64K", directory="disk/traces")
        self.fill_disk()
        before = recorder.files()
        first = [self.storm() for _ in range(5)]
        wait_until(lambda: first.append(self.storm(20)) or "No space left" in recorder.said(),
                   "the disk is full")
        os.unlink(self.path("disk/ballast"))
        recorder.process.send_signal(signal.SIGHUP)
        recorder.wait_for_files(len(before) + 1)
        last = self.storm()
        recorder.process.send_signal(signal.SIGTERM)
        status, said = recorder.ended()
        self.assertEqual(status, 0, said)
        self.assertRegex(said, r"\A(brood: brood-\S+: No space left on device "
                               r"\(it is tried again; .*\)\n)+\Z")
        trace = self.read(recorder.dir)
        self.assertEqual(trace.end["lost"], 0)      # all of it found room in the queue
        for parent in first[:5] + [last]:
            self.assertStorm(trace, parent)
        for parent in first[5:]:
            self.assertStorm(trace, parent, 20)

    def test_disk_that_stays_full(self):
        self.small_disk()
        recorder = Recorder(self, "--rotate", "64K", directory="disk/traces")
        self.fill_disk()
        for _ in range(5):
            self.storm()
        recorder.process.send_signal(signal.SIGHUP)
        self.storm()
        recorder.process.send_signal(signal.SIGTERM)
        status, said = recorder.ended()
        self.assertEqual(status, 1)
        self.assertRegex(said, r"brood: brood-\S+: No space left on device: \d+ events "
                               r"are missing\n\Z")
        run = self.brood("log", recorder.dir)
        self.assertIn(run.status, (0, 3))               # 0: there was room for its end


class Usage(RotateTest):

    def test_wrong(self):
        os.symlink(self.dir, self.path("link"))
        with open(self.path("file"), "wb"):
            pass
        for status, args, said in (
                (2, ["-o", self.path("x"), "--keep", "3"], "--keep: is for the files in a dir"),
                (2, ["-o", "-", "--rotate", "1h"], "--rotate: needs a directory"),
                (2, ["-o", self.dir, "--rotate", "1K"], "--rotate: not a valid SIZE|TIME: 1K"),
                (2, ["-o", self.dir, "--keep", "0"], "--keep: not a valid N: 0"),
                (1, ["-o", self.path("file"), "--rotate", "1h"], r"\S+/file: Not a directory"),
                (1, ["-o", self.path("link"), "--rotate", "1h"],
                 r"\S+/link: Too many levels of symbolic links \(a symbolic link is not"),
                (1, ["-o", self.path("no/where"), "--rotate", "1h"], r"\S+: No such file or dir")):
            with self.subTest(args=args):
                run = self.brood("record", *args, "--for", "0.1", reaper=False)
                self.assertEqual(run.status, status)
                self.assertRegex(run.stderr.decode(), rf"\Abrood: {said}.*\n\Z")

    def test_nothing_to_read(self):
        os.mkdir(self.path("empty"))
        run = self.brood("log", self.path("empty"))
        self.assertEqual(run.status, 1)
        self.assertRegex(run.stderr.decode(), r"\Abrood: \S+: no traces in this directory .*\n\Z")
        os.mkfifo(self.path("fifo"))
        trace = self.path("trace")
        self.brood("record", "-o", trace, "--", *scenario("fork"))
        reader = self.start([BROOD, "log", self.path("fifo")], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
        with open(trace, "rb") as f, open(self.path("fifo"), "wb") as to:
            to.write(f.read())
        out, err = reader.communicate(timeout=PATIENCE)
        self.assertEqual((reader.returncode, err), (0, b""))
        self.assertIn(b"exit 7", out)
