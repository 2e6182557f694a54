# SPDX-License-Identifier: GPL-2.0-only
"""Bytes of strangers: names, arguments and paths that would harm a terminal or a parser."""

import base64
import os
import shutil
import subprocess
import unittest

from brood import LiveTest, helper
from trace_lines import args_of, clean

# Each would do harm if it reached a terminal: colours, the title, a line of its own, a
# carriage return over what is there, C1 (CSI in one byte, as UTF-8), DEL, text that runs
# from right to left, a line separator, and bytes that are not UTF-8 at all.
NASTY = [
    b"\x1b[31mred\x1b[0m", b"\x1b]0;title\x07", b"two\nlines", b"over\rwritten", b"back\x08",
    "\x9b31m".encode(), "\x85next".encode(), b"\x7fdel", "\u202etxt.exe".encode(),
    "\u2066x\u2069".encode(), "\u2028sep".encode(), b"\xff\xfe", b"\xc3", b"\xed\xa0\x80",
    b"\xc0\xaf", b"\xf5\x80\x80\x80", b"a\xffb\x1bc", b"\x9b31m", b'"quoted\\', b"{}[],:",
]
NAMES = [b"\x1b[31mred", b"two\nlines", b"\r\x1b[2K", "\x9bc1".encode(), "\u202ebidi".encode(),
         b"\xff\xfe\xfd", b"\x7f", b'"}\n{"', b"%s%n%s%n", b"  ", b"(x) R 1"]


class EveryView(LiveTest):
    """Whatever the bytes, no view prints them raw, and JSON is JSON."""

    VERBS = (["log"], ["tree"], ["tree", "--no-fold", "--wide"], ["log", "--wide"], ["summary"],
             [], ["export"], ["export", "--format", "processes"])

    def feed(self, command):
        """Once as it happens, by all views of the main job, and then from its trace by each verb."""
        trace = self.path("trace")
        run = self.view("", command, "--tee", trace)
        self.assertEqual(run.status, 0, run.stderr)
        clean(run.output)
        clean(run.stderr)
        for verb in self.VERBS:
            with self.subTest(verb=verb):
                run = self.brood(*verb, trace)
                self.assertEqual(run.status, 0, run.stderr)
                self.assertTrue(run.stdout)
                clean(run.stdout)
                clean(run.stderr)

    def test_arguments(self):
        self.feed(["sh", "-c", '/bin/true "$@"; :', "sh", *NASTY])

    def test_names(self):
        """Names set by prctl, inherited, flagged, killed, orphaned: all that prints names."""
        script = "; ".join(f'"{helper("names")[0]}" "${i + 1}"' for i in range(len(NAMES))[:9])
        self.feed(["sh", "-c", script + "; :", "sh", *NAMES[:9]])

    def test_files(self):
        """Programs whose file bears such a name, one as a zombie's name."""
        paths = []
        for i, name in enumerate(n for n in NASTY if b"/" not in n):
            path = os.path.join(os.fsencode(self.dir), b"%d" % i + name)
            shutil.copy("/bin/true", path)
            paths.append(path)
        self.feed(["sh", "-c", 'for p in "$@"; do "$p"; done', "sh", *paths])

    def test_scripts(self):
        """A script's name goes through its interpreter."""
        path = os.path.join(os.fsencode(self.dir), b"\x1b[1mscript\n\xff")
        with open(path, "wb") as f:
            f.write(b"#!/bin/sh\nexit 0\n")
        os.chmod(path, 0o755)
        self.feed([path])

    def test_error_messages(self):
        for name in (b"\x1b[31mno-such", b"no\nsuch", b"\xffno-such", "\u202eno".encode()):
            run = self.brood("log", "--", name)
            self.assertEqual(run.status, 127)
            self.assertEqual(clean(run.stderr).count("\n"), 1)
            run = self.brood("log", "-o", b"/no/" + name, "--", "true")
            self.assertEqual(run.status, 125)
            self.assertEqual(clean(run.stderr).count("\n"), 1)
            run = self.brood(name)
            self.assertEqual(run.status, 2)
            self.assertEqual(clean(run.stderr).count("\n"), 1)
            run = self.brood("log", b"--" + name)
            self.assertEqual(run.status, 2)
            self.assertEqual(clean(run.stderr).count("\n"), 1)

    def test_ps_and_the_machine(self):
        """Processes that are there already, with such names and arguments."""
        path = os.path.join(os.fsencode(self.dir), b"\x1b[31m\xff\n")
        shutil.copy("/bin/sleep", path)
        process = self.start([path, "1000"], stdin=subprocess.DEVNULL)
        # for ps a zombie, too
        undead = subprocess.Popen([b"/bin/sh", b"-c", b"exit 1"])
        self.addCleanup(undead.wait)
        for args in (["ps"], ["ps", "--wide"], ["log", "--for", "0.15"], ["tree", "--for", "0.15"],
                     ["summary", "--for", "0.15"], ["export", "--for", "0.15"]):
            run = self.brood(*args)
            self.assertEqual((run.status, run.stderr), (0, b""))
            clean(run.stdout)
        self.assertIsNone(process.poll())


class Exact(LiveTest):
    """Nothing is lost for a program: JSON has the exact bytes."""

    def test_arguments(self):
        run = self.follow(["/bin/true", *NASTY])
        line = run.command.execs[0]
        self.assertEqual(args_of(line), [b"/bin/true", *NASTY])
        for shown, exact, true in zip(line["args"], line["args_b64"], [b"/bin/true", *NASTY]):
            self.assertEqual(shown, true.decode("utf-8", "replace"))
            try:
                true.decode()
                self.assertIsNone(exact)
            except UnicodeDecodeError:
                self.assertIsNotNone(exact)
        self.assertFalse(line["args_truncated"])

    def test_command_in_meta(self):
        run = self.follow(["/bin/true", *NASTY])
        meta = run.trace.meta
        self.assertEqual(meta["command"], run.command.execs[0]["args"])
        self.assertEqual(meta["command_b64"], run.command.execs[0]["args_b64"])

    def test_valid_text_needs_no_base64(self):
        run = self.follow(["/bin/true", "żółw", "日本", "🐢", "e\u0301", "tab\there", ""])
        line = run.command.execs[0]
        self.assertEqual(line["args"][1:], ["żółw", "日本", "🐢", "e\u0301", "tab\there", ""])
        self.assertNotIn("args_b64", line)

    def test_name(self):
        run = self.follow(["sh", "-c", 'for n; do "$0" "$n" 3; done; :', *helper("names"), *NAMES])
        self.assertEqual(len(run.command.children), len(NAMES))
        for name, parent in zip(NAMES, run.command.children):
            child = run.trace.child_of(parent)
            self.assertEqual(child.code, 3)
            exact = base64.b64decode(child.fork["comm_b64"]) if "comm_b64" in child.fork \
                else child.fork["comm"].encode()
            self.assertEqual(exact, name[:15])

    def test_file(self):
        path = os.path.join(os.fsencode(self.dir), b"\xff\n\x1bfile")
        shutil.copy("/bin/true", path)
        line = self.follow([path]).command.execs[0]
        self.assertEqual(base64.b64decode(line["file_b64"]), path)
        self.assertEqual(line["file"], path.decode("utf-8", "replace"))

    def test_environment_does_not_leak_into_the_arguments(self):
        run = self.follow(["/bin/true", "last"], env={"SECRET": "secret"})
        self.assertNotIn(b"secret", run.output)
        self.assertEqual(run.command.execs[0]["args"], ["/bin/true", "last"])


class Long(LiveTest):

    def execs(self, what, each):
        """(key, the exec) of `what`, a shell's command, for each value as $p."""
        run = self.follow(["sh", "-c", f"for p; do {what}; done; :", "sh", *each.values()])
        self.assertEqual(len(run.command.children), len(each))
        for key, child in zip(each, run.command.children):
            self.assertEqual((len(child.execs), child.code), (1, 0))
            yield key, child.execs[0]

    def test_arguments_beyond_4096(self):
        """The first 4096 bytes by default; the true length is always known."""
        args = ["/bin/true", "a" * 3000, "b" * 3000]
        line = self.follow(args).command.execs[0]
        self.assertEqual(line["args_bytes"], sum(len(a) + 1 for a in args))
        self.assertTrue(line["args_truncated"])
        kept = b"\0".join(args_of(line))
        self.assertEqual(kept, "\0".join(args).encode()[:4096])

    def test_arguments_around_the_limit(self):
        for size in (4095, 4096, 4097):
            args = ["/bin/true", "x" * (size - len("/bin/true") - 2)]
            line = self.follow(args).command.execs[0]
            self.assertEqual(line["args_bytes"], size)
            self.assertEqual(line["args_truncated"], size > 4096)
            if size <= 4096:
                self.assertEqual(line["args"], args)

    def test_arguments_of_every_size_class(self):
        sizes = (1, 100, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2048)
        for size, line in self.execs('/bin/true "$p"', {size: "x" * size for size in sizes}):
            self.assertEqual((line["args"], line["file"]),
                             (["/bin/true", "x" * size], "/bin/true"))

    def test_60_kib(self):
        args = ["/bin/true", *(str(i) * 10 for i in range(1000, 2500))]
        self.assertGreater(sum(len(a) + 1 for a in args), 60000)
        line = self.follow(args, "--args-max", "64K").command.execs[0]
        self.assertEqual(line["args"], args)
        self.assertFalse(line["args_truncated"])

    def test_more_than_the_most(self):
        args = ["/bin/true", "x" * 100_000]
        line = self.follow(args, "--args-max", "64K").command.execs[0]
        self.assertEqual(line["args_bytes"], 100_011)
        self.assertTrue(line["args_truncated"])
        self.assertEqual(b"\0".join(args_of(line)), "\0".join(args).encode()[:65536])

    def test_none_wanted(self):
        line = self.follow(["/bin/true", "one"], "--args-max", "0").command.execs[0]
        self.assertEqual((line["args"], line["args_bytes"]), ([], 14))
        self.assertTrue(line["args_truncated"])

    def test_character_cut_in_two(self):
        """The limit falls into a character: its bytes so far are kept, exactly."""
        args = ["/bin/true", "x" * (4096 - 10 - 1) + "ż"]
        line = self.follow(args).command.execs[0]
        self.assertEqual(b"\0".join(args_of(line)), "\0".join(args).encode()[:4096])
        clean(self.view("log", args).output)

    def long_path(self, length):
        """A program whose path has this many bytes."""
        path = self.dir
        while len(path) + 202 < length:
            path = os.path.join(path, "d" * 200)
        path = os.path.join(path, "p" * (length - len(path) - 1))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy("/bin/true", path)
        self.assertEqual(len(path), length)
        return path

    def test_paths(self):
        lengths = (127, 128, 129, 200, 255, 256, 257, 1000, 4094, 4095)
        paths = {length: self.long_path(length) for length in lengths}
        for length, line in self.execs('"$p"', paths):
            self.assertEqual(line["file"], paths[length])
            self.assertEqual(line["args_bytes"], length + 1)
            self.assertEqual(line["args"], [paths[length]])

    def test_long_path_of_a_script(self):
        path = self.long_path(3000)
        with open(path, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexit 0\n")
        line = self.follow([path]).command.execs[0]
        self.assertEqual((line["file"], line["interp"]), (path, "/bin/sh"))

    def test_many_arguments(self):
        args = ["/bin/true", *[""] * 2000]
        line = self.follow(args).command.execs[0]
        self.assertEqual(line["args"], args)


if __name__ == "__main__":
    unittest.main()
