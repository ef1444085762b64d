# SPDX-License-Identifier: MIT
"""What test programs have in common: a line for each test, and the count that ends every test's output. `Checks' is for tests that look at one thing
after the other, `Suite' for functions each of which is a test:

    suite = Suite("disk")

    @suite.test
    def what_is_written_stays(build):
        check(size == 512, f"a block has {size} bytes")

    if __name__ == "__main__":
        sys.exit(suite.main(__doc__))
"""
import argparse
import os
import re
import time
import traceback

DETAIL_MAX = 3000  # characters of why a test failed: the end of a log says most


def check(condition, why):
    """A test that does not hold ends with what it found."""
    if not condition:
        raise AssertionError(why)


class Checks:
    """`prefix': what the names of all tests here begin with."""

    def __init__(self, prefix=""):
        self.passed = self.failed = 0
        self.prefix, self.only = prefix, ""

    def check(self, good, sentence, detail=""):
        """`detail' is shown when it is not good."""
        self.passed += bool(good)
        self.failed += not good
        print(f"  {'ok    ' if good else 'FAILED'} {sentence}" + ("" if good or not detail else f"\n{detail}"), flush=True)

    def end(self):
        """Print the count; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0

    def options(self, description, build=True, **more):
        """Of the command line. `build': the program takes another build folder; `more': whole numbers, and what is False unless it is given, by name: each a pair of
        its default and what it says."""
        parser = argparse.ArgumentParser(description=description)
        if build:
            parser.add_argument("--build", default=os.environ.get("BUILD", "build"))
        parser.add_argument("--only", default="", help="run only tests whose name contains this")
        for name, (default, sentence) in more.items():
            kind = {"action": "store_true"} if default is False else {"type": int, "default": default}
            parser.add_argument("--" + name, help=sentence, **kind)
        options = parser.parse_args()
        self.only = options.only
        return options

    def name(self, function):
        return f"{self.prefix}-{function.__name__.replace('_', '-')}"

    def wants(self, name):
        """`--only' may be written with spaces or underscores, too."""
        return re.sub("[ _]", "-", self.only) in re.sub("[ _]", "-", name)


class Suite(Checks):
    """A test is called by its function's name behind `prefix', and has failed when it raises; the others run all the same."""

    def __init__(self, prefix):
        super().__init__(prefix)
        self.tests = []

    def test(self, function):
        self.tests.append(function)
        return function

    def run(self, function, *arguments, title=None):
        title = title or self.name(function)
        if not self.wants(title):
            return
        started = time.monotonic()
        try:
            function(*arguments)
        except Exception as error:  # pylint: disable=broad-exception-caught
            detail = str(error) if isinstance(error, AssertionError) and str(error) else traceback.format_exc()
            self.failed += 1
            print(f"FAILED {title}: {detail[-DETAIL_MAX:]}", flush=True)
        else:
            self.passed += 1
            print(f"ok {title} ({time.monotonic() - started:.1f} s)", flush=True)

    def main(self, description):
        """All tests, each given the build folder; the exit status."""
        build = self.options(description).build
        for function in self.tests:
            self.run(function, build)
        return self.end()
