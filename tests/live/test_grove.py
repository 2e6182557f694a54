# SPDX-License-Identifier: GPL-2.0-only
"""Ground truth: what brood tells of random process trees is what their processes lived.

See grove_check.py for what is compared, and tests/live/grove for how they are grown.  A seed
that disagrees is named and repeats alone; `make soak SEEDS=2000` tries many.
"""

import statistics
import unittest

import grove_check
from brood import LiveTest


class Grove(LiveTest):

    def agree(self, first, last, whole=False, options=()):
        world, found, lives = grove_check.check(first, last, whole, options)
        said = [line for _, problems, _ in found for line in problems[:10]]
        seeds = " ".join(str(seed) for seed, _, _ in found if seed is not None)
        self.assertFalse(found, "\n".join([
            "", *said, f"repeat: tests/live/grove_check.py {'--whole ' if whole else ''}--show SEED",
            f"with SEED one of: {seeds}"]))
        self.assertGreater(lives, last - first)
        self.assertEqual(world.trace.end["lost"], 0)
        # How late the latest is, is for the kernel's grace periods to say; see docs/correctness.md.
        self.assertLess(statistics.median(world.late), 1_000_000 if world.exact else 100_000_000)
        return world

    def test_followed(self):
        """Some fifty seeds at a time, four of them growing at once."""
        self.agree(1, 45)

    def test_followed_too(self):
        self.agree(46, 90)

    def test_whole_machine(self):
        """The same among everything else that happens here."""
        self.agree(91, 96, whole=True)

    def test_threads_asked_for(self):
        """Threads are told too, and nothing else changes."""
        world = self.agree(97, 100, options=["--threads"])
        self.assertTrue(world.trace.of("thread_start"))


if __name__ == "__main__":
    unittest.main()
