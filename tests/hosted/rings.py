#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several clients of one server (tests/domains/hub, spoke and judge): threads that share a ring, requests that are cancelled, deaths of both
sides, and peers that lie or slander, of whom the kernel's log must name the guilty one and nobody else. In the hosted kernel, and on bare
metal with four processors."""
import os
import re
import sys

import hosted

sys.path.insert(0, os.path.join(os.path.dirname(hosted.HERE), "system"))
import domains  # noqa: E402 (its folder had to be found first)

MANIFEST = os.path.join(hosted.HERE, "rings.toml")
DOMAINS = ("judge", "hub", "spoke-a", "spoke-b", "spoke-c")
GUILTY = re.compile(r"([\w-]+) broke the protocol of ring |([\w-]+): dies: protocol violation")
# What the log says, and who alone may be named in it.
SCENARIOS = {
    "many": ([], None),
    "deaths": ([], None),
    "cancel": ([], None),
    "lies": (["submission index (", "submission of a slot that does not exist or is in flight (8)"], "spoke-a"),
    "slander": (["ring a: nothing (4711), says spoke-a alone: it has other clients, and lives on"], "hub"),
    "two-slanderers": (["says spoke-a alone", "ring b: nothing (4711), says spoke-b"], "hub"),
    "broken-server": (["completion index (", "protocol violation"], "hub"),
}
AT_ONCE = ("many", "deaths", "cancel", "lies")  # where it matters that things happen at once


def run(runner, name, **arguments):
    if not runner.wanted(f"rings-{name}"):
        return
    sentences, guilty = SCENARIOS[name]
    archive = runner.archive(f"rings-{name}", MANIFEST, [f"{domain}.scenario={name}" for domain in DOMAINS])
    status, text = runner.boot(f"rings-{name}", archive, **arguments)
    os.unlink(archive)
    failed = re.search(r"FAILED: (.*)|PANIC: (.*)", text)
    missing = [sentence for sentence in sentences if sentence not in text]
    named = {match.group(1) or match.group(2) for match in GUILTY.finditer(text)}
    problem = None
    if status != 0 or f"judge: ok {name}" not in text:
        problem = f"status {status}" + (f": {failed.group(0)}" if failed else "")
    elif missing:
        problem = f"the log lacks {missing}"
    elif named - {guilty}:
        problem = f"the log blames {', '.join(sorted(named))}"
    runner.report(f"rings-{name}", problem, text)


def main():
    parser = hosted.argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    options = parser.parse_args()
    runner, machine = hosted.Runner(options), domains.Machine(options)
    machine.cpus = 4
    for name in SCENARIOS:
        run(runner, name, timeout=60)
    for name in AT_ONCE:
        run(machine, name, timeout=90)
    passed, failed = runner.passed + machine.passed, runner.failed + machine.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
