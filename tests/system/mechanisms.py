#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Domains under each mechanism of isolation (docs/mechanisms.md): the scenarios of tests/hosted with victims of the plain flavour, in the hosted kernel
and on bare metal; mixtures of mechanisms in one chain of calls; and attacks, each of which a mechanism stops or, as its page says, does not.

The scenarios assert the same for every mechanism: values, structs, bytes, capabilities, buffers, rings, and what becomes of callers when a domain dies.
"""
import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "hosted"), os.path.join(ROOT, "tests", "system")]
import domains  # noqa: E402
import hosted  # noqa: E402 (their folders had to be found first)

# What a mechanism could get wrong: calls in and out, at depth and nested, memory that comes and goes, death wherever it may come.
SCENARIOS = ("calls-carry-values", "calls-refuse-capabilities", "crash-in-call", "crash-by-injection", "crash-of-two-threads",
             "nested-death-in-the-middle", "nested-death-at-the-end", "caller-dies-first", "late-answer", "exits", "busy-watchdog",
             "capability-rights", "capability-revocation", "capability-answers", "buffers-lent", "buffers-moved", "buffers-shared", "buffer-owner-dies",
             "quotas", "events", "sleeping", "preemption", "floating-point", "ring-replay", "ring-broken", "many-callers", "leaks", "storm")
SHORT = ("crash-in-call", "caller-dies-first", "buffers-lent", "ring-replay", "storm")  # on bare metal, where each boots a machine
AT_ONCE = ("race-lend", "processors-kill-the-middle", "storm")  # with several processors

MECHANISMS = {"hosted": ("none",), "pc": ("none",)}


def everybody(mechanism):
    return [(domain, mechanism) for domain in "abc"]


def run_hosted(options):
    runner = hosted.Runner(options)
    for mechanism in MECHANISMS["hosted"]:
        for name in SCENARIOS:
            runner.scenario(name, title=f"{name}-{mechanism}", isolation=everybody(mechanism))
        for name in ("nested-death-in-the-middle", "storm"):  # a and c so, b confined by sfi
            runner.scenario(name, title=f"{name}-{mechanism}-and-sfi", isolation=[("a", mechanism), ("c", mechanism)])
    return runner


def run_machine(options):
    machine = domains.Machine(options)
    for mechanism in MECHANISMS["pc"]:
        for machine.cpus in (1, 4):
            for name in SCENARIOS if options.all else SHORT if machine.cpus == 1 else AT_ONCE:
                machine.scenario(name, title=f"{name}-{mechanism}", isolation=everybody(mechanism))
    return machine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="run only tests whose name contains this")
    parser.add_argument("--all", action="store_true", help="all scenarios on bare metal, too")
    options = parser.parse_args()
    runs = [run_hosted(options), run_machine(options)]
    passed, failed = sum(run.passed for run in runs), sum(run.failed for run in runs)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
