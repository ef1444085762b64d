#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile clients of the switch (tests/domains/rowdy), while two others talk through it (tests/domains/neighbour): frames that are wrong or change while they
are read, forged senders, floods of frames to one and to everybody, buffers that are none, rings that lie. The others' talk goes on, the switch lives, and
the log names nobody but the guilty. In the hosted kernel, and some of it on bare metal with four processors."""
import os
import re
import sys

import hosted

sys.path.insert(0, os.path.join(os.path.dirname(hosted.HERE), "system"))
import domains  # noqa: E402 (its folder had to be found first)

MANIFEST = os.path.join(hosted.HERE, "switch.toml")
DOMAINS = ("asker", "answerer", "rowdy")
# What the log says.
SCENARIOS = {
    "malformed": ["port rowdy: a frame that lies outside its pool"],
    "spoof": ["port rowdy: a frame with somebody else's source address was dropped"],
    "flood": [],
    "broadcast": ["port rowdy: it sends more frames to everybody than its share"],
    "hoard": [],
    "lie-sending": ["rowdy broke the protocol of ring rowdy-tx"],
    "lie-receiving": ["rowdy broke the protocol of ring rowdy-rx"],
    "calls": [],
}
AT_ONCE = ("malformed", "broadcast", "lie-receiving")  # where it matters that things happen at once
BLAMED = re.compile(r"(\S+) broke the protocol of ring |port (\S+): |(\S+): dies")


def run(runner, name, timeout):
    title = f"switch-{name}"
    if not runner.wanted(title):
        return
    archive = runner.archive(title, MANIFEST, [f"{domain}.scenario={name}" for domain in DOMAINS])
    status, text = runner.boot(title, archive, timeout=timeout)
    os.unlink(archive)
    failed = re.search(r"FAILED: (.*)|PANIC: (.*)", text)
    missing = [sentence for sentence in SCENARIOS[name] if sentence not in text]
    blamed = {next(filter(None, match.groups())) for match in BLAMED.finditer(text)} - {"rowdy"}
    problem = None
    if status != 0 or f"asker: ok {name}" not in text:
        problem = f"status {status}" + (f": {failed.group(0)}" if failed else "")
    elif missing:
        problem = f"the log lacks {missing}"
    elif blamed:
        problem = f"the log blames {', '.join(sorted(blamed))}"
    runner.report(title, problem, text)


def main():
    parser = hosted.argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    options = parser.parse_args()
    runner, machine = hosted.Runner(options), domains.Machine(options)
    machine.cpus = 4
    for name in SCENARIOS:
        run(runner, name, 60)
    for name in AT_ONCE:
        run(machine, name, 90)
    passed, failed = runner.passed + machine.passed, runner.failed + machine.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
