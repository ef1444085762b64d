#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The supervisor dies in the middle of an upgrade, aimed at by QEMU's gdb stub: before and after each call with which it starts an image that is on trial, keeps it, puts
the one before back, and starts that. Its successor comes to the same end: a good image is kept, a bad one is not, and the client has no error (docs/recovery.md)."""
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools", "campaign"), os.path.join(ROOT, "tests", "system")]  # in this order: both have a module disk
import dying_steps  # noqa: E402 (the folders had to be found first)
import recovery  # noqa: E402
import upgrade  # noqa: E402 (recovery knows where)
from machine import Trouble  # noqa: E402

DRIVER, TRIAL_S = "virtio-blk", 8
START, KEEP, PUT_BACK = "bh_stub_system_restart", "bh_stub_images_keep", "bh_stub_images_roll_back"
STEPS = [("good", START, 1), ("good", KEEP, 1), ("bad", START, 1), ("bad", PUT_BACK, 1), ("bad", START, 2)]


def send(line, path):
    """The image is there, and checked; its trial has not begun."""
    data = upgrade.without_debug(path)
    upgrade.send(line, data)
    line.ask(f"image check {DRIVER} {len(data)} {os.path.basename(path)}")
    return upgrade.build_of(data)


def end_of_trial(line):
    try:
        return upgrade.decided(line, DRIVER)["build"]
    except Trouble as trouble:
        return str(trouble)


def one_death(theatre, supervisor, path, step, after):
    """(did it get there, what should run then, what does)"""
    kind, symbol, count = step
    before = theatre.line.ask(f"image info {DRIVER}")["build"]
    sent = send(theatre.line, path)
    lives = theatre.count("supervisor: restarted in slot")
    reached = theatre.kill_at(supervisor, symbol, count, after, [f"image start {DRIVER}"], seconds=TRIAL_S)
    if reached:
        dying_steps.revive_by_hand(theatre, lives)
    return reached, sent if kind == "good" else before, end_of_trial(theatre.line)


def deaths_in_the_middle_of_trials(world, checks):
    drivers = [world.other_driver(), world.driver]
    with dying_steps.stage(world) as (machine, theatre):
        supervisor = dying_steps.Victim(world.build, machine, "supervisor")
        for step, after in [(step, after) for step in STEPS for after in (False, True)]:
            kind, symbol, count = step
            reached, right, runs = one_death(theatre, supervisor, drivers[0] if kind == "good" else world.impostor("sleep"), step, after)
            where = f"{'after' if after else 'at'}-call-{count}-of-{symbol.removeprefix('bh_stub_')}-about-a-{kind}-image"
            checks.says(f"it-dies-{where}", reached, machine.log_text[-2500:])
            checks.says(f"and-its-successor-decides-{where}", runs == right, f"{runs} and not {right}\n{machine.log_text[-2500:]}")
            if kind == "good":
                drivers.reverse()
        recovery.notices_nothing(machine, checks, "deaths-in-the-middle-of-trials")


if __name__ == "__main__":
    sys.exit(recovery.main(__doc__, "dying-trials", [deaths_in_the_middle_of_trials]))
