#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shadows on bare metal: the scenarios of tests/hosted/interfaces.py in which they do something, with one processor and with four."""
import os
import sys

import domains

sys.path.insert(0, os.path.join(domains.ROOT, "tests", "hosted"))
import interfaces  # noqa: E402 (its folder had to be found first)


def main():
    parser = domains.hosted.parser(__doc__)
    parser.add_argument("--cpus", type=int, nargs="+", default=[1, 4], help="processors of the machines")
    options = parser.parse_args()
    machine = domains.Machine(options)
    for machine.cpus in options.cpus:
        for scenario, mode in (*interfaces.SHADOWS, ("answers", "check")):
            interfaces.run(machine, f"{scenario}-through-{mode}".replace(",", "-"), scenario, "auto", "auto", mode=mode)
    print(f"{machine.passed} passed, {machine.failed} failed")
    return 1 if machine.failed else 0


if __name__ == "__main__":
    sys.exit(main())
