# SPDX-License-Identifier: GPL-2.0-only
"""Secrets in arguments: what --redact hides and what --no-args leaves out is nowhere."""

import os
import signal
import subprocess
import unittest
import zlib

from brood import LiveTest, Watch, helper, proc_stat, wait_until

SECRET = b"hunter2-" + b"9" * 13

VERBS = ([], ["log"], ["tree"], ["summary"], ["export"], ["export", "--format", "processes"])


def inflated(trace):
    """All bytes of a trace: headers and payloads, these inflated (docs/trace-format.md)."""
    out, at = trace[:16], 16
    while at < len(trace):
        header = trace[at:at + 56]
        assert header[:4] == b"\xebblk", f"no block at {at}"
        stored = int.from_bytes(header[16:20], "little")
        payload = trace[at + 56:at + 56 + stored]
        out += header + (zlib.decompress(payload, -15) if header[9] & 1 else payload)
        at += 56 + stored
    return out


class Secrets(LiveTest):

    def setUp(self):
        super().setUp()
        # A program whose path holds the secret, under a name that does not.
        os.mkdir(self.path(SECRET.decode()))
        os.symlink("/bin/sleep", os.path.join(self.path(SECRET.decode()), "nap"))
        self.nap = os.path.join(self.path(SECRET.decode()), "nap")
        self.command = ["sh", "-c", f"{self.nap} 0; env true --password={SECRET.decode()}; :",
                        SECRET.decode(), b"\xff\n" + SECRET + b"\xfe"]

    def assertHidden(self, said, what):
        # Nor in halves, nor wrapped by a view.  (What was said may be megabytes.)
        for part in (SECRET, SECRET[:12], SECRET[-12:]):
            self.assertFalse(part in said, f"{part} is in {what}")

    def read(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def test_redact(self):
        """In every view, and in no byte of the trace that is written beside it."""
        for verb in VERBS:
            with self.subTest(verb=verb):
                run = self.brood(*verb, "--force", "--redact", "hunter2-9*", "--redact", "nothing",
                                 "--tee", self.path("trace"), "-o", self.path("out"), "--",
                                 *self.command)
                self.assertEqual((run.status, run.stderr), (0, b""))
                out, trace = self.read("out"), inflated(self.read("trace"))
                self.assertHidden(out, "the view")
                self.assertHidden(trace, "the trace")
                self.assertIn(b"--password=[redacted]", trace)
                self.assertIn(b"/[redacted]/nap", trace)
                if verb not in (["summary"], ["export", "--format", "processes"]):
                    self.assertIn(b"[redacted]", out)
                read = self.brood(*verb, self.path("trace"))
                self.assertEqual((read.status, read.stderr), (0, b""))
                self.assertHidden(read.stdout, "the view of the trace")

    def test_nothing_hidden(self):
        """Without the options it is all there: the tests above look where it would be."""
        run = self.brood("record", "-o", self.path("trace"), "--", *self.command)
        self.assertEqual((run.status, run.stderr), (0, b""))
        trace = inflated(self.read("trace"))
        for where in (b"--password=" + SECRET, b"\n" + SECRET + b"\xfe\0", self.nap.encode()):
            self.assertIn(where, trace)

    def test_record(self):
        run = self.brood("record", "--redact", "^" + SECRET.decode() + "$", "-o",
                         self.path("trace"), "--", "env", "true", SECRET, SECRET + b"x")
        self.assertEqual((run.status, run.stderr), (0, b""))
        trace = inflated(self.read("trace"))
        self.assertIn(b"true\0[redacted]\0" + SECRET + b"x\0", trace, "^ and $ are one argument")
        # The expression, in brood's own arguments as the snapshot has them, is one too.
        self.assertEqual(trace.count(SECRET), trace.count(SECRET + b"x"))
        self.assertNotIn(b"^hunter2", trace)

    def test_json(self):
        """What is told of the arguments is true of what is left of them."""
        trace = self.follow(["env", "true", SECRET], "--redact", "hunter2-9+").trace
        args = ["env", "true", "[redacted]"]
        self.assertEqual(trace.meta["command"], args)
        first, second = (line for line in trace.lines if line["type"] == "exec")
        self.assertEqual(first["args"], args)
        self.assertEqual(second["args"], args[1:])
        self.assertEqual(first["args_bytes"], len("env true [redacted] "))
        self.assertFalse(first["args_truncated"])

    def test_cut(self):
        """An argument that the limit cuts may be half a secret: it is hidden as a whole."""
        trace = self.follow(["true", "x" * 100, b"y" * 20 + SECRET], "--redact", "hunter2-9+",
                            "--args-max", "135").trace
        line = next(line for line in trace.lines if line["type"] == "exec")
        self.assertEqual(line["args"], ["true", "x" * 100, "[redacted]"])
        self.assertTrue(line["args_truncated"])

    def test_no_args(self):
        for verb in VERBS:
            with self.subTest(verb=verb):
                run = self.brood(*verb, "--force", "--no-args", "--tee", self.path("trace"),
                                 "-o", self.path("out"), "--", "env", "true",
                                 b"--password=" + SECRET)
                self.assertEqual((run.status, run.stderr), (0, b""))
                out, trace = self.read("out"), inflated(self.read("trace"))
                self.assertHidden(out, "the view")
                self.assertHidden(trace, "the trace")
                self.assertNotIn(b"password", out + trace)
                self.assertIn(b"/true", trace, "files are kept")

    def test_no_args_json(self):
        trace = self.follow(["env", "true", "x" * 100], "--no-args").trace
        self.assertEqual(trace.meta["command"], ["env"])
        self.assertEqual([line["args"] for line in trace.lines if "args" in line], [[], [], []])
        first, second = (line for line in trace.lines if line["type"] == "exec")
        self.assertEqual((first["args_bytes"], second["args_bytes"]), (110, 106))
        self.assertTrue(first["args_truncated"] and second["args_truncated"])

    def test_what_exists_already(self):
        """In the snapshot of a whole machine, where brood itself stands with its arguments."""
        other = self.start(["sleep", "600", "0" + SECRET.decode()[8:]])
        for option, hidden in ((["--redact", "09{13}"], [b"600", b"[redacted]"]),
                               (["--no-args"], [])):
            with self.subTest(option=option):
                with Watch(self, "export", *option, "--tee", self.path("trace"),
                           "--force") as watch:
                    watch.wait_for(f'"pid":{other.pid},')
                for said in (watch.seen(), inflated(self.read("trace"))):
                    self.assertNotIn(b"09999999999999", said)
                    for part in hidden:
                        self.assertIn(part, said)
                ps = self.brood("ps", *option, "-o", "-")
                self.assertEqual(ps.status, 0)
                self.assertNotIn(b"09999999999999", ps.stdout)
                self.assertIn(str(other.pid).encode(), ps.stdout)

    def test_after_a_loss(self):
        """What is learnt anew from the kernel's task list goes the same way."""
        for option, kept in ((["--redact", "hunter2-9*"], True), (["--no-args"], False)):
            with self.subTest(option=option):
                watch = Watch(self, "export", *option, "--buffer", "4K", "--args-max", "256",
                              "--force", "--tee", self.path("trace"))
                os.kill(watch.process.pid, signal.SIGSTOP)
                wait_until(lambda: proc_stat(watch.process.pid)[3] == b"T", "brood is stopped")
                subprocess.run(helper("storm", "400"), stdout=subprocess.DEVNULL, check=False)
                other = self.start(["sh", "-c", "read x", SECRET], stdin=subprocess.PIPE)
                os.kill(watch.process.pid, signal.SIGCONT)
                watch.wait_for(f'"type":"snapshot",[^\\n]*"pid":{other.pid},')
                watch.stop()
                trace = inflated(self.read("trace"))
                self.assertHidden(watch.seen(), "the view")
                self.assertHidden(trace, "the trace")
                self.assertEqual(b"read x\0[redacted]\0" in trace, kept)

    def test_refused(self):
        """An expression that cannot be one, an empty one, a file that was recorded already."""
        for args in (["--redact", "("], ["--redact="], ["--redact", "x", self.path("t.brood")],
                     ["--no-args", self.path("t.brood")]):
            with self.subTest(args=args):
                run = self.brood("log", *args)
                self.assertEqual(run.status, 2)
                self.assertRegex(run.stderr, rb"\Abrood: [^\n]+\n\Z")


if __name__ == "__main__":
    unittest.main()
