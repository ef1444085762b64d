#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A short soak (tools/soak), and that one which finds something says so. Ends with `N passed, N failed`."""
import json
import os
import subprocess
import sys
import types
import xml.dom.minidom

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "soak")]
from checks import Checks  # noqa: E402
import soak as program  # noqa: E402

LIMIT_S = 240
SETTLE_S = program.SETTLE_S
CALM = {"memory": 900, "threads": 9, "buffers": 4, "caps": 30, "tables": 0, "heap": 0, "domains": {"one": {"memory": 5, "caps": 2, "threads": 1}}}


def differences(*changes):
    """What a soak finds whose counts are the calm one with these changes."""
    one = program.Soak(None, [], None)
    one.counts = [{**CALM, **change} for change in changes]
    return one.differences()


def made_up(tests):
    tests.check(differences({}, {}) == [], "two counts that are the same are nothing to report")
    tests.check(len(differences({}, {"caps": 31})) == 1, "one capability more is found")
    tests.check(len(differences({}, {"memory": 896})) == 1, "memory that is gone is found")
    tests.check(len(differences({}, {"domains": {"one": {"memory": 5, "caps": 2, "threads": 2}}})) == 1, "a thread that a domain has kept is found")
    tests.check(differences({}, {"tables": 8192}, {"tables": 8192}, {"tables": 8192}, {"tables": 12288}, {"tables": 12288}) == [], "page tables may grow at first")
    tests.check(len(differences(*({"tables": 30000 * number} for number in range(8)))) == 1, "page tables that go on growing are found")
    rest(tests)
    target = program.Target("one", {"restart_limit": 3, "restart_window_ms": 1000})
    target.deaths = [10.0, 10.1]
    tests.check(not target.may_die(10.5) and target.may_die(11.05), "no domain is broken so often that its supervisor gives it up")


def settled(counted, *readings):
    """How many capabilities a soak counts that has counted `counted' at first (None: this is the first count), and then reads so many, the last again and again."""
    pending = list(readings)
    held = {"memory": 5, "caps": 2, "threads": 1}

    def ask(question):
        if question == "domains":
            return {"domains": [{"name": "one", "state": "running", **held}]}
        return {"free": 900, "tables": 0, "heap": 0, "threads": 9, "buffers": 4, "caps": pending.pop(0) if len(pending) > 1 else pending[0]}

    one = program.Soak(types.SimpleNamespace(control=types.SimpleNamespace(ask=ask)), [program.Target("one", {})], None)
    one.counts = [] if counted is None else [{**CALM, "caps": counted}]
    program.SETTLE_S = 0
    try:
        return one.settled()["caps"]
    finally:
        program.SETTLE_S = SETTLE_S


def rest(tests):
    tests.check(settled(None, 28, 28, 28, 30) == 30, "the first count waits for who is slow to start")
    tests.check(settled(30, 29, 29, 29, 29, 30) == 30, "so does each other, until it is what the first was")
    tests.check(settled(30, 31) == 31 and settled(30, 29) == 29, "but not for ever: what stays more or less is counted so")


def whole(tests, build):
    folder = os.path.join(build, "system-tests", "soak")
    done = subprocess.run([os.path.join(ROOT, "tools", "soak", "soak.py"), "--build", build, "--minutes", "0.2", "--round", "8", "--folder", folder], capture_output=True, text=True,
                          timeout=LIMIT_S, check=False)
    tests.check(done.returncode == 0 and "nothing was lost" in done.stdout, "a short soak finds nothing", done.stdout + done.stderr)
    try:
        with open(os.path.join(folder, "soak.json"), encoding="utf-8") as file:
            data = types.SimpleNamespace(**json.load(file))
        tests.check(len(data.counts) > 1 and sum(data.faults.values()) > 3, "it has counted, and broken domains", str(data.faults))
        tests.check(xml.dom.minidom.parse(os.path.join(folder, "soak.svg")).documentElement.tagName == "svg", "it leaves a picture")
    except (OSError, ValueError) as error:
        tests.check(False, "it leaves its results", str(error))


def main():
    tests = Checks()
    options = tests.options(__doc__)
    if not tests.wants("soak"):
        return tests.end()
    made_up(tests)
    whole(tests, options.build)
    return tests.end()


if __name__ == "__main__":
    sys.exit(main())
