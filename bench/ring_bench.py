# SPDX-License-Identifier: MIT
"""bench/rings: our ring beside DPDK's rte_ring, pipes, sockets and io_uring, in one process (bench/rings); and what each of its guarantees costs."""
import math
import os
import statistics

from table import Table, cell, spread

PARITY = 1.05  # of rte_ring's time with the same guarantees
GROUPS = {"throughput": "a message and its answer, two processors, 64 in flight", "latency": "a message and its answer, two processors, one in flight",
          "one processor": "a message and its answer on one processor, 32 in flight", "two clients": "two clients in turn on one processor, one server on another",
          "guarantees": "guarantees taken away one after the other, two processors", "guarantees in turn": "the same, one thread in turn"}
SAME = "rte_ring-logged"  # rte_ring with what our ring guarantees, as far as it can have it


def program(build):
    """The one with rte_ring, if its headers could be fetched."""
    return "rings-dpdk" if os.path.exists(os.path.join(build, "bench", "rings-dpdk")) else "rings"


def paired(ours, theirs):
    """The median, over the rounds, of the ratio of two ways that were measured one right after the other."""
    return statistics.median(our / their for run, other in zip(ours["ns"]["runs"], theirs["ns"]["runs"]) for our, their in zip(run, other))


def targets(by_key):
    found = []
    for group in ("throughput", "one processor"):
        pairs = [(by_key[group, "ring", batch], by_key[group, SAME, batch]) for batch in (1, 8, 32) if (group, SAME, batch) in by_key and (group, "ring", batch) in by_key]
        if pairs:
            ratio = math.exp(statistics.mean(math.log(paired(*pair)) for pair in pairs))
            found.append({"what": f"{group}: our ring's time as a share of rte_ring's with a log, copies and checks (batches of 1, 8, 32)", "value": round(ratio, 3),
                          "limit": PARITY, "met": ratio <= PARITY})
    return found


def costs(table, by_key):
    """What goes with each rung, in nanoseconds: the difference of medians."""
    rungs = [("all", "no-events", "a peer that may sleep"), ("no-events", "no-checks", "a peer that may lie"), ("no-checks", "no-log", "a peer that may die, answers in any order"),
             ("no-log", "bare", "a peer that may change what it has sent")]
    for upper, lower, what in rungs:
        parts = []
        for group, short in (("guarantees", "two processors"), ("guarantees in turn", "in turn")):
            for batch in (1, 8, 32):
                if (group, upper, batch) in by_key:
                    less = by_key[group, upper, batch]["ns"]["median"] - by_key[group, lower, batch]["ns"]["median"]
                    parts.append(f"{less:+.1f}" if batch > 1 else f"{short} {less:+.1f}")
        table.note(f"cost of {what}, ns by batch of 1, 8, 32: " + ", ".join(parts))


def tell(data):
    """The table, and the targets in the data."""
    kinds = data["kinds"]
    by_key = {(kind["group"], kind["name"], kind["batch"]): kind for kind in kinds}
    data["targets"] = targets(by_key)
    table = Table(f"Rings: nanoseconds for a request of 16 bytes and its answer, medians of {data['rounds']} rounds, processors "
                  f"{data['processors'][0]} and {data['processors'][1]}", ["", "batch", "ns", "quartiles"])
    for group, title in GROUPS.items():
        rows = [kind for kind in kinds if kind["group"] == group]
        if not group.startswith("guarantees"):  # those have an order of their own
            rows.sort(key=lambda kind: (kind["batch"], kind["ns"]["median"]))
        if rows:
            table.row(f"{group}: {title}", "", "", "")
        for kind in rows:
            table.row("  " + kind["what"], str(kind["batch"]), cell(kind["ns"]["median"]), spread(kind["ns"]))
    if not any(kind["name"].startswith("rte_ring") for kind in kinds):
        table.note("without rte_ring: its headers (Debian's libdpdk-dev) could not be fetched")
    if not any(kind["name"] == "io_uring" for kind in kinds):
        table.note("without io_uring: this machine's kernel does not let us")
    disturbed = sum(kind["disturbed"] for kind in kinds)
    if disturbed:
        table.note(f"{disturbed} samples could not be had without another program taking a processor meanwhile")
    costs(table, by_key)
    table.targets(data["targets"])
    return table


def beside(kind, kinds):
    """The key of what it is to be seen against: rte_ring in the same group and batch, or the whole ladder."""
    wanted = "all" if kind["group"].startswith("guarantees") else "rte_ring-mp" if kind["group"] == "two clients" else "rte_ring"
    there = any((other["group"], other["name"], other["batch"]) == (kind["group"], wanted, kind["batch"]) for other in kinds)
    return key_of({**kind, "name": wanted}) if there and kind["name"] != wanted else None


def key_of(kind):
    return f"rings/{kind['group']}/{kind['name']}/{kind['batch']}"
