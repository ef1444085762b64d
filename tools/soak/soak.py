#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random load and random faults for a long time, and a count of what is left over.

A Linux guest writes files, reads them back and compares checksums. Meanwhile every domain that the manifest restarts is broken in every way, alone and several at a
time, and the operator's commands come in between. Again and again all that stops for a moment, and the system is counted: memory, threads, buffers, capabilities, and
what each domain holds. Each count comes after every one of those domains was killed once more, one after the other in the manifest's order, so that who has asked whom for
what since is the same each time. The first count, behind a round that warms up, is what the last is compared with: a system that loses or keeps anything fails, and so does one
in which the guest saw an error, or a domain did not come back. Page tables and the kernel's own memory may grow at first, as places are used that were not before, but not
in the second half.

Results: FOLDER/soak.json and FOLDER/soak.svg. Exit status: 0 nothing was lost, 1 something was, 2 wrong usage.
"""
import argparse
import json
import os
import random
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
for folder in ("run", "bhctl", "demo"):
    sys.path.insert(0, os.path.join(ROOT, "tools", folder))
from bhctl import KINDS  # noqa: E402  pylint: disable=wrong-import-position
from demo import FINISH, LOAD  # noqa: E402  pylint: disable=wrong-import-position
from machine import Machine, Trouble  # noqa: E402  pylint: disable=wrong-import-position
from picture import lines  # noqa: E402  pylint: disable=wrong-import-position

PROMPT, SETTLE_S, SETTLE_TRIES = "guest:~#", 0.5, 40
FIRST_CALM = 6 # times that the first count must come out the same, since all others are compared with it
HELD = ("memory", "caps", "threads") # by each domain
COUNTED = ("memory", "threads", "buffers", "caps") # memory: free, page tables and the kernel's own together
GROWING = {"tables": 64 << 10, "heap": 64 << 10} # bytes by which the second half may exceed the first
QUESTIONS = ("domains", "memory", "cpus", "caps", "backtrace", "log", "trace")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--minutes", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--round", type=float, default=30, metavar="SECONDS", help="between two counts (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="order and moments of the faults")
    parser.add_argument("--cpus", type=int, default=1, help="processors of the machine")
    parser.add_argument("--spare", action="append", default=[], metavar="DOMAIN", help="never break this one")
    parser.add_argument("--folder", help="where logs and results go (build/soak)")
    arguments = parser.parse_args()
    if arguments.minutes <= 0 or arguments.round <= 0:
        parser.error("minutes and seconds are more than 0")
    return arguments


def alike(one, other):
    return all(one[key] == other[key] for key in (*COUNTED, "domains"))


class Target:
    """A domain that may be broken, as often as its supervisor puts up with."""

    def __init__(self, name, table):
        self.name = name
        self.window = table.get("restart_window_ms", 10000) / 1000
        self.limit = max(1, table.get("restart_limit", 5) - 1)
        self.deaths, self.count = [], 0

    def may_die(self, now):
        self.deaths = [one for one in self.deaths if now - one < self.window]
        return len(self.deaths) < self.limit


def targets_of(machine, spared):
    return [Target(name, table) for name, table in machine.domains().items() if table.get("restart") == "on-crash" and name not in spared]


class Soak:
    """One soak: the machine, its targets, and what was counted."""

    def __init__(self, machine, targets, chance):
        self.machine, self.targets, self.chance = machine, targets, chance
        self.counts, self.rounds, self.errors, self.mismatches, self.trouble = [], 0, 0, 0, []

    # ---- faults

    def break_one(self):
        ready = [target for target in self.targets if target.may_die(time.monotonic())]
        if ready:
            self.end(self.chance.choice(ready), self.chance.choice([*KINDS, "kill"]))

    def end(self, target, how):
        command = f"kill {target.name}" if how == "kill" else f"crash {target.name} {how}"
        try:
            if target.name == "control":
                self.end_control(command)
            else:
                self.machine.control.ask(command)
        except Trouble as trouble:
            if not self.machine.running():
                raise
            self.excuse(str(trouble))
            return
        target.deaths.append(time.monotonic())
        target.count += 1

    def end_control(self, command):
        """It does not answer to that any more."""
        self.machine.control.socket.sendall(command.encode() + b"\n")
        time.sleep(0.2)
        self.machine.release_control()

    def excuse(self, text):
        """Refusals that are right: a domain that is dead already, one without rings or devices; the control domain may die itself, with its answer."""
        if "no answer" in text or "nobody answers" in text:
            self.machine.release_control()

    def ask_something(self):
        question, domain = self.chance.choice(QUESTIONS), self.chance.choice(self.targets).name
        command = {"caps": "caps 1", "backtrace": f"backtrace {domain}", "log": "log 0", "trace": "trace info"}.get(question, question)
        try:
            self.machine.control.ask(command)
        except Trouble as trouble:
            if not self.machine.running():
                raise
            self.excuse(str(trouble))

    def torment(self, until):
        while time.monotonic() < until and self.machine.running():
            for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
                self.break_one()
            if self.chance.random() < 0.3:
                self.ask_something()
            time.sleep(self.chance.uniform(0.05, 1.0))

    # ---- counts

    def renew(self):
        """Each target once more."""
        for target in self.targets:
            while not target.may_die(time.monotonic()):
                time.sleep(SETTLE_S)
            self.end(target, "kill")
            time.sleep(SETTLE_S)

    def settled(self):
        """What each domain and the system hold when all run and nothing changes any more. Who is slow to start on a busy host holds less for a while, so a count that differs
        from the first is taken only when that stays so. None: they do not come to rest."""
        before, seen, calm = None, None, 0
        names, enough = {target.name for target in self.targets}, 1 if self.counts else FIRST_CALM
        for _ in range(SETTLE_TRIES):
            time.sleep(SETTLE_S)
            try:
                answer = self.machine.control.ask("domains")["domains"]
                memory = self.machine.control.ask("memory")
            except Trouble as trouble:
                if not self.machine.running():
                    raise
                self.excuse(str(trouble))
                continue
            memory["memory"] = memory["free"] + memory["tables"] + memory["heap"]
            now = {**{key: memory[key] for key in (*COUNTED, "free", *GROWING)},
                   "domains": {one["name"]: {key: one[key] for key in HELD} for one in answer}}
            running = all(one["state"] == "running" for one in answer if one["name"] in names)
            calm = calm + 1 if running and before and alike(now, before) else 0
            seen = now if calm >= enough else seen
            if seen and (not self.counts or alike(seen, self.counts[0])):
                return seen
            before = now
        return seen

    def draw(self):
        """Random bytes for the guest: a domain that was called has a stack more than one that was not yet, so let it be called."""
        since = self.machine.said()
        self.machine.send("dd if=/dev/hwrng of=/dev/null bs=4k count=1 2>/dev/null; echo dra''wn\n")
        self.machine.wait_for(r"\ndrawn", 120, since=since)

    def count(self, started):
        self.renew()
        self.draw()
        seen = self.settled()
        if not seen:
            self.trouble.append("the system does not come to rest, or a domain does not come back; see the kernel's log")
            return False
        self.counts.append({"seconds": round(time.monotonic() - started, 1), **seen})
        return True

    def guest_round(self, seconds):
        since = self.machine.said()
        self.machine.send(LOAD)
        self.machine.wait_for(r"\nload-runs", 120, since=since)
        self.torment(time.monotonic() + seconds)
        self.machine.send(FINISH)
        self.rounds += 1
        found = self.machine.wait_for(r"result: rounds (\d+) errors (\d+) mismatches (\d+) end", 240, since=since)
        done, errors, mismatches = map(int, found.groups())
        self.errors += errors
        self.mismatches += mismatches
        if not done:
            self.trouble.append(f"round {self.rounds}: the guest's load did nothing")

    def differences(self):
        """What the last count has more or less of than the first."""
        first, last, found = self.counts[0], self.counts[-1], []
        for key in COUNTED:
            if first[key] != last[key]:
                found.append(f"{key}: {first[key]} at first, {last[key]} in the end")
        for name, one in last["domains"].items():
            for key, value in one.items():
                if first["domains"].get(name, {}).get(key) != value:
                    found.append(f"{name}: {key} {first['domains'].get(name, {}).get(key)} at first, {value} in the end")
        half = self.counts[:len(self.counts) // 2]
        for key, most in GROWING.items():
            if len(half) > 2 and last[key] > max(one[key] for one in half) + most:
                found.append(f"{key}: {max(one[key] for one in half)} at most in the first half, {last[key]} in the end")
        return found


def show(soak, minutes, started):
    passed = time.monotonic() - started
    share = min(1, passed / (60 * minutes))
    last = soak.counts[-1] if soak.counts else None
    text = f"[{'#' * int(20 * share):20}] {passed / 60:5.1f} of {minutes:g} min, {sum(target.count for target in soak.targets)} faults"
    if last:
        text += f", free {last['free'] >> 10} KiB, {last['threads']} threads, {last['buffers']} buffers, {last['caps']} capabilities, {soak.errors} errors"
    print(text, end="\r" if sys.stdout.isatty() else "\n", flush=True)


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)


def report(soak, folder, arguments):
    differences = soak.differences() if len(soak.counts) > 1 else []
    if len(soak.counts) < 2 and not soak.trouble:
        soak.trouble.append("there was no time for two counts")
    bad = differences + soak.trouble + [f"the guest saw {soak.errors} errors and {soak.mismatches} wrong checksums"] * bool(soak.errors or soak.mismatches)
    write(os.path.join(folder, "soak.json"), json.dumps({"seed": arguments.seed, "minutes": arguments.minutes, "counts": soak.counts, "rounds": soak.rounds, "errors": soak.errors,
                                                         "mismatches": soak.mismatches, "faults": {target.name: target.count for target in soak.targets}, "findings": bad}, indent=1))
    titles = {"free": "free memory, bytes", "tables": "page tables, bytes", "heap": "the kernel's own memory, bytes", "threads": "threads", "buffers": "buffers", "caps": "capabilities"}
    write(os.path.join(folder, "soak.svg"), lines("Counted at rest, against minutes",
                                                  {title: [(one["seconds"] / 60, one[key]) for one in soak.counts] for key, title in titles.items()}))
    print(f"\n{soak.rounds} rounds, {len(soak.counts)} counts; faults: " + ", ".join(f"{target.name} {target.count}" for target in soak.targets))
    for one in bad:
        print(f"FOUND: {one}")
    print(f"{folder}/soak.json and soak.svg; " + ("the soak FAILED" if bad else "nothing was lost, nothing was left over"))
    return 1 if bad else 0


def run(arguments):
    folder = arguments.folder or os.path.join(arguments.build, "soak")
    with Machine(arguments.build, "linux", snapshot=True, folder=folder, cpus=arguments.cpus, settings=["vmm.cmdline=console=ttyS0 quiet panic=-1"]) as machine:
        print("booting the guest; its disk is a snapshot, nothing is kept", flush=True)
        machine.wait_for(PROMPT, 240)
        soak, started = Soak(machine, targets_of(machine, arguments.spare), random.Random(arguments.seed)), time.monotonic()
        try:
            soak.guest_round(min(arguments.round, 10))
            while soak.count(started) and (len(soak.counts) < 2 or time.monotonic() - started < 60 * arguments.minutes):
                show(soak, arguments.minutes, started)
                soak.guest_round(arguments.round)
        except Trouble as trouble:
            soak.trouble.append(str(trouble))
        except KeyboardInterrupt:
            print("\ninterrupted: the report is of what was done so far", file=sys.stderr)
        return report(soak, folder, arguments)


def main():
    arguments = parse()
    try:
        return run(arguments)
    except Trouble as trouble:
        print(f"soak.py: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
