#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run test programs and end with one line: N passed, N failed.

Each program is either a Criterion binary (its synthesis line is counted) or a script that itself
ends with a line `N passed, N failed`. A program that dies without saying so counts as one failure.

One more runs at a time than there are processors, up to four: most of them wait half of the time, for an emulator's clock or its disk. On a single processor it is one.
Scripts come first: they take the longest.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+) \| Failing: (\d+)")
FAILURE = re.compile(r"^\s*FAIL(ED)?\b|\[FAIL\]|Assertion Failed|AddressSanitizer|runtime error:|CRASH!")
FAILURE_LINES, LAST_LINES, SHOWN_MAX = 18, 25, 150
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed", re.M)


def counts(text, status):
    """Passed and failed tests that one program reported."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    match = SYNTHESIS.search(text)
    if match:
        passed, failed = int(match.group(2)), int(match.group(3))
    else:
        plain = PLAIN.findall(text)
        if not plain:
            return 0, 1
        passed, failed = map(int, plain[-1])
    if status != 0 and failed == 0:
        failed = 1
    return passed, failed


def excerpt(text):
    """What failed, wherever that stands, and the end."""
    lines = text.splitlines()
    shown = set(range(max(0, len(lines) - LAST_LINES), len(lines)))
    for at in (at for at, line in enumerate(lines) if FAILURE.search(line)):
        if len(shown) < SHOWN_MAX:
            shown.update(range(at, min(at + FAILURE_LINES, len(lines))))
    found, before = [], -1
    for at in sorted(shown):
        found += ["..."] * (at != before + 1) + [lines[at]]
        before = at
    return found


def run(program, only, logs):
    """Run one program; its output goes to a log, shown when something failed."""
    environment = {"CRITERION_NO_EARLY_EXIT": "1", "BULKHEAD_PATIENCE": "4", **os.environ}  # this host may have other work: time decides nothing
    command = [program]
    if only:
        command += ["--only", only] if is_script(program) else ["--filter", f"*/*{only}*"]
    log = os.path.join(logs, os.path.basename(program) + ".log")
    started = time.monotonic()
    with open(log, "wb") as sink:
        status = subprocess.run(command, stdout=sink, stderr=subprocess.STDOUT, env=environment,
                                stdin=subprocess.DEVNULL, check=False).returncode
    text = open(log, errors="replace").read()
    passed, failed = counts(text, status)
    seconds = time.monotonic() - started
    lines = [f"  {'ok  ' if not failed else 'FAIL'} {os.path.basename(program):32} {passed:4} passed {failed:3} failed  {seconds:6.1f} s"]
    if failed:
        lines += ["    | " + line for line in excerpt(text)] + [f"    whole log: {log}"]
    print("\n".join(lines), flush=True)
    return passed, failed


def jobs(text):
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"`{text}' programs at a time: give a number from 1 on")
    return int(text)


def default_jobs():
    processors = os.cpu_count() or 1
    return 1 if processors == 1 else min(4, processors + 1)


def is_script(program):
    return program.endswith((".py", ".sh"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    parser.add_argument("--jobs", type=jobs, default=default_jobs(), help="programs at a time (default: processors + 1, at most 4; 1 on one processor)")
    parser.add_argument("programs", nargs="*")
    options = parser.parse_args()
    logs = os.path.join(options.build, "logs", "tests")
    os.makedirs(logs, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda program: run(program, options.only, logs), sorted(options.programs, key=is_script, reverse=True)))
    passed, failed = (sum(column) for column in zip(*results)) if results else (0, 0)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
