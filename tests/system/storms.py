#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Interrupts without end, a driver that waits without end, and one that takes memory without end: each is noticed and ended, and neither its own client nor
another driver's sees an error; what honest devices do is left alone (docs/recovery.md)."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))
import recovery  # noqa: E402 (its folder had to be found first)
from machine import Trouble  # noqa: E402 (recovery knows where)

METRONOME = """
[domain.metronome]
order = 4
priority = 2
memory = "1M"
restart = "on-crash"
restart_limit = 2
restart_window_ms = 60000
backoff_ms = 10

[port.timer]
server = "kernel"
interface = "Ports"
device = "ports:40-43:0"

[[grant]]
to = "metronome"
name = "timer"
port = "timer"
"""


def system_with(world, more=""):
    """The system of recovery.toml, whose driver may be found to hang, and more."""
    return world.manifest("storms", ("[domain.virtio-blk]", "[domain.virtio-blk]\nanswer_ms = 800"), more=more)


def storms(world, checks):
    """A timer that interrupts as fast as it can, and a disk's device that is said to. On two processors, and in counted time: what a busy host takes is not missed."""
    with recovery.small(world, system_with(world, METRONOME), cpus=2, extra=["-icount", "shift=1,sleep=on"]) as machine:
        machine.wait_for("metronome is given up: it died too often", log=True)
        heard = [int(ticks) for ticks in re.findall(r"metronome: (\d+) ticks at an honest rate", machine.log_text)]
        storms = re.findall(r"metronome: dies: interrupt storm: interrupt line 0: (\d+) times in (\d+) us", machine.log_text)
        checks.says("an-honest-rate-is-no-storm", len(heard) == 3 and min(heard) > 1000, f"{heard}\n{machine.log_text[-2500:]}")
        checks.says("a-timer-that-storms-dies-of-it", len(storms) == 3 and all(int(took) < 8000 for _, took in storms), f"{storms}\n{machine.log_text[-2500:]}")
        recovery.notices_nothing(machine, checks, "another-driver's-storm")
        for _ in range(3):
            before = machine.said(log=True)
            machine.control.ask("crash virtio-blk irq-storm")
            machine.wait_for("(?s)virtio-blk: dies: interrupt storm: device .*?virtio-blk: restarted: ", log=True, since=before)
        recovery.notices_nothing(machine, checks, "its-own-driver's-storm")


def hang_and_leak(world, checks):
    """A driver that waits for ever, and one that takes all it gets."""
    with recovery.small(world, system_with(world)) as machine:
        machine.wait_for("clerk: [1-9]", log=True)
        before = driver_of(machine)
        machine.control.ask("crash virtio-blk null")
        machine.wait_for("virtio-blk: restarted: ", log=True)
        machine.control.ask("crash virtio-blk hang")  # an instance that is not the first
        machine.wait_for("virtio-blk hangs: it has not looked at ring disk for 800 ms, nor answered", log=True)
        machine.wait_for("virtio-blk: dies: killed: by supervisor", log=True)
        recovery.notices_nothing(machine, checks, "a-driver-that-hung")
        try:
            refused = str(machine.control.ask("crash clerk hang"))
        except Trouble as trouble:
            refused = str(trouble)
        checks.says("nobody-is-told-to-hang-whom-nobody-would-miss", "not supported here" in refused, refused)
        machine.control.ask("crash virtio-blk leak")
        machine.wait_for(r"leaked \d+ threads, \d+ capabilities, \d+ KiB", log=True)
        full = driver_of(machine)
        checks.says("a-leak-ends-at-the-quotas", full["memory"] > before["memory_quota"] - 8192 and full["threads"] > before["threads"] and full["caps"] > before["caps"],
                    f"{before}\n{full}")
        machine.wait_for("virtio-blk: dies: panic: no memory", log=True)
        recovery.notices_nothing(machine, checks, "a-driver-that-leaked")
        after = driver_of(machine)
        checks.says("the-end-gives-all-back", all(after[what] == before[what] for what in ("memory", "threads", "caps")), f"{before}\n{after}")
        machine.poll_log()
        checks.says("nobody-hangs-who-does-not", machine.log_text.count(" hangs: ") == 1, machine.log_text[-2500:])


def driver_of(machine):
    return next(one for one in machine.control.ask("domains")["domains"] if one["name"] == "virtio-blk")


if __name__ == "__main__":
    sys.exit(recovery.main(__doc__, "storms", [storms, hang_and_leak]))
