#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several clients of one server (tests/domains/hub, spoke and judge): threads that share a ring, requests that are cancelled, deaths of both
sides, and peers that lie or slander, of whom the kernel's log must name the guilty one and nobody else. In the hosted kernel, and on bare
metal with four processors."""
import sys

from peers import Story

SCENARIOS = {
    "many": ([], None),
    "deaths": ([], None),
    "cancel": ([], None),
    "lies": (["submission index (", "submission of a slot that does not exist or is in flight (8)"], "spoke-a"),
    "slander": (["ring a: nothing (4711), says spoke-a alone: it has other clients, and lives on"], "hub"),
    "two-slanderers": (["says spoke-a alone", "ring b: nothing (4711), says spoke-b"], "hub"),
    "broken-server": (["completion index (", "protocol violation"], "hub"),
}

if __name__ == "__main__":
    sys.exit(Story("rings", ("judge", "hub", "spoke-a", "spoke-b", "spoke-c"), SCENARIOS,
                   r"([\w-]+) broke the protocol of ring |([\w-]+): dies: protocol violation", ("many", "deaths", "cancel", "lies")).main(__doc__))
