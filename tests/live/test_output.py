# SPDX-License-Identifier: GPL-2.0-only
"""Where output goes, and what it looks like there."""

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import threading
import unittest
from datetime import datetime, timezone

from brood import BROOD, PATIENCE, LiveTest, Terminal, Watch, helper, scenario
from trace_lines import clean

ESCAPE = b"\x1b"


class Files(LiveTest):

    def test_is_readable_by_the_owner_only(self):
        run = self.brood("log", "-o", self.path("new"), "--", "true")
        self.assertEqual((run.status, run.stdout, run.stderr), (0, b"", b""))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("new")).st_mode), 0o600)

    def test_existing_is_refused_without_force(self):
        path = self.path("old")
        with open(path, "w", encoding="ascii") as f:
            f.write("precious\n" * 1000)
        run = self.brood("log", "-o", path, "--", "true")
        self.assertEqual(run.status, 125)
        self.assertRegex(run.stderr.decode(), rf"^brood: {path}: File exists \(.*--force.*\)\n$")
        with open(path, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious\n" * 1000)
        run = self.brood("log", "-o", path, "--force", "--", "true")
        self.assertEqual(run.status, 0)
        with open(path, "rb") as f:
            self.assertNotIn(b"precious", f.read(), "the old content is gone, all of it")

    def test_symbolic_link_is_refused(self):
        for target in (self.path("target"), self.path("nothing")):
            with open(self.path("target"), "w", encoding="ascii") as f:
                f.write("precious\n")
            link = target + "-link"
            os.symlink(target, link)
            for force in ([], ["--force"]):
                run = self.brood("log", "-o", link, *force, "--", "true")
                self.assertEqual((run.status, run.stderr.count(b"\n")), (125, 1), run.stderr)
        with open(self.path("target"), encoding="ascii") as f:
            self.assertEqual(f.read(), "precious\n")
        self.assertFalse(os.path.exists(self.path("nothing")))

    def test_device(self):
        run = self.brood("log", "-o", "/dev/null", "--", "true")
        self.assertEqual((run.status, run.stdout, run.stderr), (0, b"", b""))
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_full_device(self):
        """What cannot be written is a failure of brood's."""
        run = self.brood("export", "-o", "/dev/full", "--", "true")
        self.assertEqual(run.status, 125)
        self.assertEqual(run.stderr, b"brood: /dev/full: No space left on device\n")

    def test_fifo(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        got = []

        def read():
            with open(fifo, "rb") as f:
                got.append(f.read())
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        run = self.brood("export", "-o", fifo, "--", *scenario("fork"))
        reader.join(PATIENCE)
        self.assertEqual((run.status, run.stderr), (0, b""))
        run.output = got[0]
        self.assertCounts(run.trace, forks=1, execs=1, exits=2)

    def test_dash_is_stdout(self):
        run = self.brood("export", "-o", "-", "--", "true")
        run.output = run.stdout
        self.assertEqual((run.status, run.stderr, run.trace.end["execs"]), (0, b"", 1))


class Streams(LiveTest):

    def test_view_of_a_command_goes_to_stderr(self):
        for verb in ("log", "tree", "summary", "export", None):
            run = self.brood(*([verb] if verb else []), "--", "echo", "mine")
            self.assertEqual(run.stdout, b"mine\n")
            self.assertIn(b"echo", run.stderr)

    def test_view_of_the_machine_goes_to_stdout(self):
        for verb in ("log", "tree", "summary", "export", None):
            run = self.brood(*([verb] if verb else []), "--for", "0.1")
            self.assertEqual((run.status, run.stderr), (0, b""))
            self.assertGreater(len(run.stdout), 0)

    def test_command_that_writes_much(self):
        """50 MB of its own, by 50 processes: not a byte is lost, added or moved."""
        block = os.urandom(1 << 20)
        with open(self.path("block"), "wb") as f:
            f.write(block)
        with open(self.path("out"), "wb") as out:
            process = self.start([BROOD, "--", "sh", "-c",
                                  'for i in $(seq 50); do cat "$0"; done', self.path("block")],
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)
            err = process.communicate(timeout=PATIENCE)[1]
        self.assertEqual(process.returncode, 0)
        with open(self.path("out"), "rb") as f:
            self.assertEqual(hashlib.sha256(f.read()).digest(),
                             hashlib.sha256(block * 50).digest())
        self.assertEqual(clean(err).count("exec cat "), 50)

    def test_much_through_a_pipe(self):
        run = self.brood("log", "-o", "/dev/null", "--", "head", "-c", "50000000", "/dev/zero")
        self.assertEqual(run.stdout, bytes(50_000_000))

    def test_closed_pipe(self):
        """`brood log | head -1` ends, and quietly."""
        brood = self.start([BROOD, "log"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
        self.assertIn(b"COMMAND", brood.stdout.readline())
        brood.stdout.close()
        noise = self.start(["sh", "-c", "while :; do /bin/true; done"])
        brood.wait(PATIENCE)
        self.assertIsNone(noise.poll())
        self.assertEqual(brood.returncode, 0)
        self.assertEqual(brood.stderr.read(), b"")

    def test_closed_pipe_does_not_end_the_command(self):
        """Nobody reads the view any more: the command runs on, undisturbed, to its own end."""
        read, write = os.pipe()
        brood = self.start([BROOD, "log", "--", "sh", "-c",
                            "for i in $(seq 100); do /bin/true; done; echo done; exit 3"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=write)
        os.close(write)
        os.read(read, 1)
        os.close(read)
        out, _ = brood.communicate(timeout=PATIENCE)
        self.assertEqual((brood.returncode, out), (3, b"done\n"))

    def test_closed_standard_streams(self):
        """Started without any: the command's files are not mixed with brood's."""
        def close():
            for fd in (0, 1, 2):
                os.close(fd)
        process = self.start([BROOD, "log", "-o", self.path("log"), "--", "sh", "-c",
                              f"ls -l /proc/$$/fd > {self.path('fds')}; exit 5"],
                             preexec_fn=close)
        process.wait(PATIENCE)
        alone = self.path("alone")
        subprocess.run(["sh", "-c", f"ls -l /proc/$$/fd > {alone}; exit 5"], preexec_fn=close,
                       check=False, timeout=PATIENCE)
        self.assertEqual(process.returncode, 5)

        def names(path):
            with open(path, encoding="utf-8") as f:
                return re.findall(r"(\d+) -> (\w*)", f.read())
        self.assertEqual(names(self.path("fds")), names(alone))


class Colour(LiveTest):

    def terminal(self, *args, **how):
        terminal = Terminal(self, [BROOD, *args], **how)
        self.assertEqual(terminal.finish(), 0)
        return terminal.said

    def test_none_in_pipes_and_files(self):
        for verb in ("log", "tree", "summary", None):
            run = self.view(verb, scenario("zombie", 150))
            self.assertNotIn(ESCAPE, run.output)
        for verb in ("ps", "check"):
            self.assertNotIn(ESCAPE, self.brood(verb).stdout)

    def test_on_a_terminal(self):
        for verb in ("log", "tree", "summary", None):
            said = self.terminal(*([verb] if verb else []), "--", "true")
            self.assertIn(ESCAPE, said, verb)
        self.assertIn(ESCAPE, self.terminal("--color=auto", "--", "true"))

    def test_not_wanted(self):
        self.assertNotIn(ESCAPE, self.terminal("--", "true", env={"NO_COLOR": "1"}))
        self.assertNotIn(ESCAPE, self.terminal("--", "true", env={"TERM": "dumb"}))
        self.assertNotIn(ESCAPE, self.terminal("--color=never", "--", "true"))
        self.assertIn(ESCAPE, self.terminal("--", "true", env={"NO_COLOR": ""}))

    def test_always(self):
        run = self.view("log", ["true"], "--color=always")
        self.assertIn(ESCAPE, run.output)
        run = self.view("log", ["true"], "--color=always", env={**os.environ, "NO_COLOR": "1"})
        self.assertIn(ESCAPE, run.output, "what is said on the command line wins")

    def test_colour_changes_no_text(self):
        """Without the escapes it is what a pipe gets."""
        coloured = self.view("tree", scenario("wait"), "--color=always").output
        self.assertEqual(re.sub(rb"\x1b\[[0-9;]*m", b"", coloured).count(ESCAPE), 0)

    def test_never_in_json(self):
        self.assertNotIn(ESCAPE, self.view("export", ["true"], "--color=always").output)

    def test_fits_the_terminal(self):
        long = ["sh", "-c", ": " + "x" * 300]
        for columns in (60, 80, 120):
            for verb in ("log", "tree", "summary"):
                said = self.terminal(verb, "--color=never", "--", *long, columns=columns)
                for line in said.decode().replace("\r\n", "\n").split("\n"):
                    self.assertLessEqual(len(line), columns, line)

    def test_wide(self):
        for verb in ("log", "tree"):
            run = self.view(verb, ["sh", "-c", ": " + "x" * 300], "--wide")
            self.assertIn("x" * 300, run.text)


class Texts(LiveTest):
    """The views say the right names and numbers."""

    def words(self, verb, command, *options, **how):
        run = self.view(verb, command, *options, **how)
        return run, " ".join(run.text.split())

    def test_log_of_fork(self):
        run = self.view("log", scenario("fork"))
        own = re.search(r"parent: PID (\d+), its parent is (\d+)", run.stdout.decode())
        child = re.search(r"child: PID (\d+)", run.stdout.decode())[1]
        pid, starter = own[1], own[2]
        self.assertRegex(run.text, rf"(?m)^ +\d+\.\d{{6}} +{pid} fork +exec {scenario('fork')[0]}$")
        self.assertRegex(run.text, rf"(?m)^ +\d+\.\d{{6}} +{pid} fork +fork {child}$")
        self.assertRegex(run.text, rf"(?m)^ +\d+\.\d{{6}} +{child} fork +exit 7$")
        self.assertRegex(run.text, rf"(?m)^ +\d+\.\d{{6}} +{child} fork +reaped by {pid} fork\b")
        self.assertRegex(run.text, rf"(?m)^ +\d+\.\d{{6}} +{pid} fork +exit 0$")
        self.assertRegex(run.text, rf"(?m)^ +\d+\.\d{{6}} +{pid} fork +reaped by {starter} brood\b")
        times = [float(t) for t in re.findall(r"(?m)^ +(\d+\.\d{6})", run.text)]
        self.assertEqual(times, sorted(times))
        self.assertEqual(len(times), 6)

    def test_tree_of_subreaper(self):
        run, words = self.words("tree", scenario("subreaper", 50))
        lines = run.text.splitlines()
        root = re.match(r"(\d+) .*subreaper 50 .*exit 0", lines[0])
        middle = re.match(r"└─(\d+) subreaper .*exit 0", lines[1])
        orphan = re.match(r"  └─(\d+) subreaper .*orphan → (\d+) subreaper.*exit 5", lines[2])
        self.assertTrue(root and middle and orphan, run.text)
        self.assertEqual(orphan[2], root[1])
        self.assertRegex(words, rf"orphan {orphan[1]} subreaper its parent {middle[1]} subreaper "
                                rf"exited first, at 0\.\d+ s; adopted by {root[1]} subreaper, "
                                rf"which reaped it (at|by) \d+\.\d+ s\.")

    def test_finding_of_zombie(self):
        run, words = self.words("tree", scenario("zombie", 300), zombie_after_ms=100)
        child = re.search(r"my child (\d+)", run.stdout.decode())[1]
        parent = re.search(r"parent (\d+):", run.stdout.decode())[1]
        self.assertRegex(words, rf"zombie {child} zombie exited \(3\) at 0\.\d+ s and ")
        self.assertRegex(words, rf"its parent {parent} zombie")
        self.assertIn("No orphans", words)

    def test_nothing_found(self):
        _, words = self.words("tree", scenario("fork"))
        self.assertRegex(words, r"No zombies, no orphans")

    def test_main_job_says_all_three(self):
        """Log, tree and findings."""
        run, words = self.words(None, scenario("orphan", 120))
        self.assertIn("TIME", run.text.splitlines()[0])
        self.assertIn("└─", run.text)
        self.assertRegex(words, r"orphan \d+ orphan its parent")

    def test_summary_counts(self):
        run, words = self.words("summary", scenario("wait", 5))
        for what, number in (("forks", 5), ("execs", 1), ("exits", 6), ("reaps", 6)):
            self.assertRegex(words, rf"\b{what} {number}\b")
        self.assertRegex(words, r"Ended 1 with exit 0, 5 with another exit code")
        self.assertRegex(words, r"Lost nothing")

    def test_folding(self):
        """Identical finished siblings fold into one line, unless told not to."""
        command = helper("storm", "30", "/bin/true")
        run = self.view("tree", command)
        self.assertIn("30 × /bin/true", run.text)
        self.assertLess(len(run.text.splitlines()), 10)
        run = self.view("tree", command, "--no-fold")
        self.assertEqual(len(re.findall(r"(?m)^[├└]─\d+ /bin/true .*exit 0", run.text)), 30)

    def test_killed(self):
        run = self.view("log", helper("deaths", "term"))
        self.assertRegex(run.text, r"victim +killed: TERM by \d+ deaths")


class Processes(LiveTest):
    """--format processes: one object a process."""

    COLUMNS = {"pid", "id", "ppid", "parent", "comm", "file", "args", "execs", "start_ts",
               "exit_ts", "reap_ts", "duration_ns", "code", "signal", "core", "zombie_ns",
               "orphaned_ts", "new_parent", "cpu_ns", "max_rss_kib", "uid", "fate"}

    def rows(self, command, *options):
        run = self.view("export", command, "--format", "processes", *options)
        self.assertEqual(run.status, 0, run.stderr)
        rows = [json.loads(line) for line in run.text.splitlines()]
        for row in rows:
            self.assertEqual(self.COLUMNS - set(row), set())
        self.assertEqual(len({r["id"] for r in rows}), len(rows), "one row a process")
        return run, rows

    def test_fork_exec(self):
        run, rows = self.rows(scenario("fork-exec"))
        self.assertEqual(len(rows), 2)
        child = next(r for r in rows if r["comm"] == "echo")
        command = next(r for r in rows if r["comm"] == "fork-exec")
        self.assertEqual(child["args"], ["echo", "hello", "from", str(child["pid"])])
        self.assertEqual((child["file"], child["execs"], child["code"]), ("/bin/echo", 1, 0))
        self.assertEqual((child["parent"], child["ppid"]), (command["id"], command["pid"]))
        self.assertEqual([r["fate"] for r in rows], ["reaped", "reaped"])
        self.assertIsNone(command["start_ts"], "before the trace")
        self.assertLess(child["start_ts"], child["exit_ts"])
        self.assertLessEqual(child["exit_ts"], child["reap_ts"])
        self.assertEqual(child["duration_ns"], child["exit_ts"] - child["start_ts"])
        self.assertGreater(child["cpu_ns"], 0)
        self.assertEqual((child["signal"], child["core"], child["orphaned_ts"]), (None,) * 3)

    def test_fates(self):
        _, rows = self.rows(helper("families", "ignore"))
        self.assertEqual(sorted(r["fate"] for r in rows), ["autoreaped", "autoreaped", "reaped"])
        _, rows = self.rows(scenario("subreaper", 50))
        orphan = next(r for r in rows if r["orphaned_ts"] is not None)
        command = next(r for r in rows if r["start_ts"] is None)
        self.assertEqual((orphan["new_parent"], orphan["code"]), (command["id"], 5))
        self.assertNotEqual(orphan["parent"], command["id"])
        _, rows = self.rows(helper("deaths", "kill"))
        victim = next(r for r in rows if r["signal"])
        self.assertEqual((victim["signal"], victim["code"], victim["core"]),
                         (signal.SIGKILL, None, False))

    def test_cpu_time(self):
        """What wait4 tells the parent of a process that burns 200 ms."""
        run, rows = self.rows(["python3", "-c", "\n".join([     # the child ends first
            "import os, time",
            "pid = os.fork()",
            "while not pid and time.process_time() < .2: pass",
            "if not pid: os._exit(0)",
            "used = os.wait4(pid, 0)[2]",
            "print(used.ru_utime + used.ru_stime)"])])
        told = float(run.stdout) * 1e9
        self.assertGreaterEqual(told, 200_000_000)
        self.assertAlmostEqual(rows[0]["cpu_ns"], told, delta=5_000_000)


class Times(LiveTest):

    def test_time_of_a_line_is_the_start_plus_ts(self):
        run = self.follow(scenario("wait"))

        def ns(line):
            date = datetime.strptime(line["time"][:19], "%Y-%m-%dT%H:%M:%S")
            return int(date.replace(tzinfo=timezone.utc).timestamp()) * 10**9 + \
                int(line["time"][20:29])
        starts = {ns(line) - line["ts"] for line in run.trace.lines}
        self.assertEqual(len(starts), 1)

    def test_duration_and_peak_memory(self):
        run = self.follow(["python3", "-c", "x = bytearray(50_000_000)"])
        self.assertGreater(run.command.exit["max_rss_kib"], 48828)
        self.assertLess(run.command.exit["max_rss_kib"], 48828 + 30000)

    def test_zombie_after(self):
        """The limit is the user's to choose; the line stands where it passed."""
        run = self.view("export", scenario("zombie", 300), zombie_after_ms=20)
        child = run.trace.child_of(run.command).zombie
        self.assertEqual(child["ts"], child["since"] + 20_000_000)

    def test_zombie_flagged_as_the_trace_ends(self):
        read, write = os.pipe()
        with Watch(self, "export", "--for", "0.4", command=helper("families", "zombie"),
                   stdin=read) as watch:
            os.close(read)
            watch.finish()
        os.close(write)
        trace = watch.trace
        self.assertEqual(trace.end["zombies"], 1)
        self.assertEqual(trace.of("zombie")[0]["ts"], trace.end["ts"])


if __name__ == "__main__":
    unittest.main()
