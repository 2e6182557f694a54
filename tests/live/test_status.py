# SPDX-License-Identifier: GPL-2.0-only
"""Exit statuses and messages: what env, timeout and shells do, and one clear line."""

import os
import signal
import subprocess
import unittest

from brood import BROOD, PATIENCE, LiveTest, Watch, helper


class OfTheCommand(LiveTest):
    """With a command: its own status."""

    def assertStatus(self, status, command, lines=0):
        for verb in ("export", "log", "tree", "summary", None):
            with self.subTest(verb=verb):
                run = self.view(verb, command)
                self.assertEqual(run.status, status, run.stderr)
                self.assertEqual(run.stderr.count(b"\n"), lines, run.stderr)
                if lines:
                    self.assertTrue(run.stderr.startswith(b"brood: "), run.stderr)
        return run

    def test_code(self):
        self.assertStatus(0, ["true"])
        self.assertStatus(1, ["false"])
        self.assertStatus(42, ["sh", "-c", "exit 42"])

    def test_signal(self):
        """128 + N."""
        self.assertStatus(128 + signal.SIGTERM, ["sh", "-c", "kill -TERM $$"])
        self.assertStatus(128 + signal.SIGKILL, ["sh", "-c", "kill -KILL $$"])

    def test_codes_that_look_like_brood_s_own(self):
        """A command that exits with 125 has exited with 125."""
        run = self.follow(["sh", "-c", "exit 125"])
        self.assertEqual((run.status, run.stderr), (125, b""))
        self.assertEqual(run.command.code, 125)

    def test_not_found(self):
        run = self.brood("log", "--", "no-such-command-here")
        self.assertEqual(run.status, 127)
        self.assertEqual(run.stderr, b"brood: no-such-command-here: command not found\n")
        run = self.brood("log", "--", "/no/such/file")
        self.assertEqual(run.status, 127)
        self.assertEqual(run.stderr, b"brood: /no/such/file: No such file or directory\n")

    def test_not_executable(self):
        with open(self.path("data"), "w", encoding="ascii") as f:
            f.write("data")
        for path in (self.path("data"), self.dir):
            run = self.brood("log", "--", path)
            self.assertEqual(run.status, 126)
            self.assertEqual(run.stderr, f"brood: {path}: Permission denied\n".encode())

    def test_script_without_interpreter(self):
        """execvp() hands it to the shell, as it does for env and timeout."""
        with open(self.path("script"), "w", encoding="ascii") as f:
            f.write("exit 3\n")
        os.chmod(f.name, 0o755)
        run = self.follow([f.name])
        self.assertEqual((run.status, run.stderr), (3, b""))
        self.assertEqual(run.command.execs[0]["args"], ["/bin/sh", f.name])


class OfBrood(LiveTest):

    def assertRefused(self, status, *args, **how):
        """Ends with this status and one line on stderr; the line."""
        run = self.brood(*args, **how)
        self.assertEqual((run.status, run.stdout), (status, b""), run.stderr)
        lines = run.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, run.stderr)
        self.assertTrue(lines[0].startswith("brood: "), run.stderr)
        return lines[0]

    def test_own_failure_with_a_command_is_125(self):
        self.assertRefused(125, "log", "-o", "/no/such/dir/x", "--", "true")
        self.assertRefused(125, "log", "--user", "no-such-user", "--", "true")

    def test_own_failure_without_a_command_is_1(self):
        self.assertRefused(1, "log", "-o", "/no/such/dir/x", "--for", "0.1")
        self.assertIn("999999999", self.assertRefused(1, "log", "--pid", "999999999"))
        self.assertRefused(1, "log", "--cgroup", self.dir)

    def test_the_command_does_not_run_when_brood_fails(self):
        self.assertRefused(125, "log", "-o", "/no/such/dir/x", "--", "touch", self.path("ran"))
        self.assertRefused(125, "log", "--user", "no-such-user", "--", "touch", self.path("ran"))
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_wrong_usage_is_2(self):
        self.assertIn("--nonsense", self.assertRefused(2, "--nonsense"))
        self.assertIn("nonsense", self.assertRefused(2, "nonsense"))
        self.assertRefused(2, "log", "--nonsense", "--", "true")
        self.assertRefused(2, "log", "--for")
        self.assertRefused(2, "log", "--for", "soon")
        self.assertRefused(2, "log", "--pid", "-1")
        self.assertRefused(2, "log", "--args-max", "65K")
        self.assertRefused(2, "log", "--buffer", "0")
        self.assertRefused(2, "log", "--color=sometimes")
        self.assertRefused(2, "log", "--")
        self.assertRefused(2, "log", "--pid", "1", "--", "true")
        self.assertRefused(2, "log", "--wait-all")
        self.assertRefused(2, "export", "--format", "xml", "--", "true")
        self.assertRefused(2, "ps", "--", "true")
        self.assertRefused(2, "log", "true", "false")

    def test_a_file_that_is_not_there_is_1(self):
        """It may also be a command whose -- was forgotten."""
        self.assertIn("--", self.assertRefused(1, "log", "no-such-file"))

    def test_not_root(self):
        """One line that says what to do, and nothing of libbpf."""
        def nobody():
            os.setgid(65534)
            os.setuid(65534)
        for args, status in ((["log", "--for", "0.1"], 1), (["log", "--", "true"], 125),
                             (["ps"], 1)):
            done = subprocess.run([self.reachable(BROOD), *args], preexec_fn=nobody, cwd="/",
                                  capture_output=True, timeout=PATIENCE, check=False)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
            self.assertRegex(done.stderr.decode(), r"^brood: .*root")
            self.assertNotIn(b"libbpf", done.stderr)

    def test_help_and_version(self):
        for verb in ([], ["log"], ["tree"], ["summary"], ["export"], ["ps"], ["check"]):
            run = self.brood(*verb, "--help")
            self.assertEqual((run.status, run.stderr), (0, b""))
            self.assertTrue(run.stdout.startswith(b"usage: brood"), run.stdout)
            for line in run.stdout.decode().splitlines():
                self.assertLessEqual(len(line), 80, line)
        run = self.brood("--version")
        self.assertEqual((run.status, run.stderr), (0, b""))
        self.assertRegex(run.stdout.decode(), r"^brood \d+\.\d+\.\d+\n$")


class OfTheMachine(LiveTest):
    """Without a command: 0 when it was told to end, and all is written."""

    def test_signals_end_it(self):
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(sig=sig), Watch(self, "export") as watch:
                watch.stop(sig)
                self.assertEqual(watch.stderr, b"")
                self.assertEqual(watch.trace.end["type"], "end")

    def test_log_ends_too(self):
        with Watch(self, "log") as watch:
            watch.stop()
            self.assertTrue(watch.seen().endswith(b"\n"))

    def test_for(self):
        run = self.brood("export", "--for", "0.3", "-o", self.path("trace"))
        self.assertEqual((run.status, run.stdout, run.stderr), (0, b"", b""))
        with open(self.path("trace"), "rb") as f:
            run.output = f.read()
        self.assertGreaterEqual(run.trace.end["duration_ns"], 300_000_000)

    def test_for_with_a_command(self):
        """The time is over: brood reports what is; the command is not brood's to kill."""
        watch = Watch(self, "export", "--for", "0.3", command=helper("catch"))
        watch.finish(0)
        trace = watch.trace
        self.assertGreaterEqual(trace.end["duration_ns"], 300_000_000)
        self.assertIsNone(trace.command.exit)
        self.assertTrue(os.path.exists(f"/proc/{trace.command.pid}"))
        os.kill(trace.command.pid, signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
