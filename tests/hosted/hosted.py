#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernel core under test: each scenario of tests/domains/conductor in its own hosted kernel, with real confined domains.

The conductor powers off with status 0 when the scenario held. A log is kept of each run.
"""
import argparse
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
MKIMAGE = os.path.join(ROOT, "tools", "mkimage", "mkimage.py")


def scenarios_of_conductor():
    """The names in the conductor's own table, so that no list is kept twice."""
    source = open(os.path.join(ROOT, "tests", "domains", "conductor", "main.c"), encoding="utf-8").read()
    return re.findall(r'^    \{"([a-z-]+)", \w+\},$', source, re.M)


class Runner:
    def __init__(self, options):
        self.build, self.only = options.build, options.only
        self.logs = os.path.join(self.build, "logs", "hosted")
        os.makedirs(self.logs, exist_ok=True)
        self.passed = self.failed = 0

    def archive(self, name, manifest, settings=()):
        """Make an archive below the logs; its path."""
        path = os.path.join(self.logs, name + ".archive")
        command = [sys.executable, MKIMAGE, manifest, "-o", path, "--build", self.build]
        for setting in settings:
            command += ["--set", setting]
        subprocess.run(command, check=True, cwd=ROOT)
        return path

    def boot(self, name, archive, timeout=30, arguments=()):
        """Run the hosted kernel; (exit status or None, log)."""
        log = os.path.join(self.logs, name + ".log")
        with open(log, "wb") as sink:
            try:
                status = subprocess.run([os.path.join(self.build, "hosted", "bulkhead"), *arguments, archive], stdout=sink,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=timeout, check=False).returncode
            except subprocess.TimeoutExpired:
                status = None
        return status, open(log, encoding="utf-8", errors="replace").read()

    def report(self, name, problem, text=""):
        if problem:
            self.failed += 1
            print(f"FAILED {name}: {problem}")
            print("\n".join("    " + line for line in text.splitlines()[-15:]))
        else:
            self.passed += 1
            print(f"ok {name}")
        sys.stdout.flush()

    def wanted(self, name):
        return self.only in name

    def scenario(self, name):
        """One scenario of the conductor."""
        if not self.wanted(name):
            return
        archive = self.archive(name, os.path.join(HERE, "victims.toml"), [f"conductor.scenario={name}"])
        status, text = self.boot(name, archive)
        os.unlink(archive)
        problem = None
        if status is None:
            problem = "it does not end"
        elif status != 0 or f"conductor: ok {name}" not in text:
            found = re.search(r"FAILED: (.*)|PANIC: (.*)", text)
            problem = f"status {status}" + (f": {found.group(0)}" if found else "")
        self.report(name, problem, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    runner = Runner(parser.parse_args())
    for name in scenarios_of_conductor():
        runner.scenario(name)
    print(f"{runner.passed} passed, {runner.failed} failed")
    return 1 if runner.failed else 0


if __name__ == "__main__":
    sys.exit(main())
