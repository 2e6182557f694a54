# SPDX-License-Identifier: GPL-2.0-only
"""What brood may still do once it watches: next to nothing."""

import glob
import json
import os
import re
import resource
import signal
import subprocess
import unittest

from brood import BROOD, NOBODY, ROOT, LiveTest, Watch, scenario, wait_until

SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
KILL, SYS_PTRACE, BPF = 1 << 5, 1 << 19, 1 << 39
NONE = {**dict.fromkeys(SETS, 0), "NoNewPrivs": 1}


def privileges(text):
    """The fields of a /proc/PID/status that tell of privileges."""
    fields = dict(re.findall(r"^(\w+):\t(\w+)$", text, re.M))
    return {**{s: int(fields[s], 16) for s in SETS}, "NoNewPrivs": int(fields["NoNewPrivs"])}


def of_threads(pid):
    """{name: privileges} of all threads of a process."""
    threads = {}
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path, encoding="ascii") as f:
            text = f.read()
        threads[re.match(r"Name:\t(\S+)", text)[1]] = privileges(text)
    return threads


def kept_for_bpf():
    """Kernels before 5.19 ask for CAP_BPF even of who has the map open already."""
    release = tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))
    with open("/proc/sys/kernel/unprivileged_bpf_disabled", encoding="ascii") as f:
        return BPF if release < (5, 19) and f.read().strip() != "0" else 0


def only(capabilities):
    return {**NONE, "CapPrm": capabilities, "CapEff": capabilities}


def unlimit_memory():
    """Before Linux 5.11 maps count as locked memory; the unit has LimitMEMLOCK=."""
    try:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY,) * 2)
    except (PermissionError, ValueError):
        pass        # not allowed here


class Privileges(LiveTest):

    def watched(self, watch):
        """The PID of brood itself: below a reaper it would be another one."""
        with open(f"/proc/{watch.process.pid}/comm", encoding="ascii") as f:
            self.assertEqual(f.read().strip(), "brood")
        return watch.process.pid

    def test_whole_machine(self):
        """None, in no thread: the one that writes the trace was started afterwards."""
        with Watch(self, "log", "--tee", self.path("trace")) as watch:
            self.watched(watch)
            threads = wait_until(lambda: self.writing(watch.process),
                                 "it has a thread that writes, by that name")
        self.assertEqual(threads, dict.fromkeys(("brood", "brood-trace"), only(kept_for_bpf())))

    def test_record(self):
        brood = self.start([BROOD, "record", "-o", self.path("trace")], stderr=subprocess.DEVNULL)
        threads = wait_until(lambda: self.writing(brood), "it has a thread that writes")
        self.assertEqual(threads, dict.fromkeys(("brood", "brood-trace"), only(kept_for_bpf())))

    def writing(self, brood):
        threads = of_threads(brood.pid)
        return threads if "brood-trace" in threads else None

    def test_command(self):
        """The right to signal it, for nobody knows whose it will be; and it has all its own."""
        with open("/proc/self/status", encoding="ascii") as f:
            ours = privileges(f.read())
        script = f"cat /proc/self/status > {self.path('status.new')}; " \
                 f"mv {self.path('status.new')} {self.path('status')}; read x"
        watch = Watch(self, "log", command=["sh", "-c", script], stdin=subprocess.PIPE,
                      begun=lambda: os.path.exists(self.path("status")))
        self.assertEqual(of_threads(self.watched(watch)), {"brood": only(KILL | kept_for_bpf())})
        with open(self.path("status"), encoding="ascii") as f:
            self.assertEqual(privileges(f.read()), ours)
        watch.process.stdin.write(b"\n")
        watch.process.stdin.close()
        watch.finish()

    def test_signals_for_another_user(self):
        watch = Watch(self, "log", "--user", "nobody", command=["sleep", "600"],
                      begun=None)
        watch.wait_for("exec sleep")
        watch.stop(signal.SIGTERM, status=128 + signal.SIGTERM)

    def hidden(self, *args):
        """brood where /proc shows others only to who may trace them."""
        script = 'mount -t proc -o hidepid=2 proc /proc && exec setpriv --regid 65534 ' \
                 '--clear-groups "$@"'
        return self.start(["unshare", "-m", "sh", "-c", script, "sh", BROOD, *args],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)

    def test_hidden_proc(self):
        """That right is kept there, and is of use: a zombie is seen to be one."""
        brood = self.hidden("log", "--zombie-after", "20ms", "-o", "-", "--",
                            *scenario("zombie", 300))
        said, err = brood.communicate()
        self.assertEqual((brood.returncode, err), (0, b""))
        self.assertIn(b"has not waited", said)
        brood = self.hidden("log", "-o", self.path("out"))
        wait_until(lambda: os.path.exists(self.path("out")) and os.path.getsize(self.path("out")),
                   "it watches")
        self.assertEqual(of_threads(brood.pid), {"brood": only(SYS_PTRACE | kept_for_bpf())})

    # --- not root: what is needed to begin ------------------------------------------------

    def with_only(self, capabilities, *args, user=NOBODY):
        """brood as this user with these capabilities, as a service manager would start it."""
        names = ",".join(f"+{c}" for c in capabilities)
        program = self.reachable(BROOD)
        return subprocess.run(
            ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups",
             "--no-new-privs", "--inh-caps", f"-all,{names}", "--ambient-caps", names,
             "--bounding-set", f"-all,{names}", program, *args], preexec_fn=unlimit_memory,
            stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)

    def test_service(self):
        """What brood.service grants is enough, for any user."""
        with open(os.path.join(ROOT, "src", "brood.service.in"), encoding="utf-8") as f:
            unit = f.read()
        granted = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M)[1]
        self.assertEqual(granted, re.search(r"^AmbientCapabilities=(.*)$", unit, re.M)[1])
        granted = [name.removeprefix("CAP_").lower() for name in granted.split()]
        self.assertLessEqual(set(granted), {"bpf", "perfmon", "sys_ptrace"})
        for user in (NOBODY, 0):
            with self.subTest(user=user):
                done = self.with_only(granted, "export", "-o", "-", "--", "sh", "-c",
                                      "(exit 7); true", user=user)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                lines = [json.loads(line) for line in done.stdout.splitlines()]
                self.assertEqual([line["code"] for line in lines if line["type"] == "exit"],
                                 [7, 0])
                for args in (["ps"], ["check"], ["record", "--for", "0.1", "-o", "-"]):
                    done = self.with_only(granted, *args, user=user)
                    self.assertEqual((done.returncode, done.stderr), (0, b""), args)

    def test_not_enough(self):
        for capabilities in (["bpf"], ["perfmon"], ["kill"]):
            with self.subTest(capabilities=capabilities):
                done = self.with_only(capabilities, "log", "--for", "0.1")
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, rb"\Abrood: cannot load probes: not permitted "
                                              rb"\([^\n]*\)\n\Z")


if __name__ == "__main__":
    unittest.main()
