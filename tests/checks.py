# SPDX-License-Identifier: MIT
"""For tests that look at one thing after the other: a line for each, and the count that ends every test's output."""


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, sentence, detail=""):
        """`detail' is shown when it is not good."""
        self.passed += bool(good)
        self.failed += not good
        print(f"  {'ok    ' if good else 'FAILED'} {sentence}" + ("" if good or not detail else f"\n{detail}"), flush=True)

    def end(self):
        """Print the count; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
