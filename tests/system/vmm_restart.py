#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The vmm domain dies under its running guest, again and again, alone and with the disk's driver, and the guest goes on: no file is wrong, no typed
character is lost, the clock is right. And: what a vmm leaves may be garbage, or of another version."""
import os
import random
import re
import sys
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "run"), os.path.join(ROOT, "tools", "demo")]
from checks import Suite, check  # noqa: E402  pylint: disable=wrong-import-position
from demo import DISK_OPERATIONS, FINISH, LOAD, VMM_KINDS  # noqa: E402  pylint: disable=wrong-import-position
from machine import Machine, Trouble  # noqa: E402  pylint: disable=wrong-import-position

WAYS = list(VMM_KINDS)
STATUS_FINE, BURST = 6, 4
BOOT_S = 150
suite = Suite("vmm")


def crash(machine, domain, how):
    """False: it is dead already, and not back yet."""
    try:
        machine.control.ask(f"crash {domain} {how}")
        return True
    except Trouble as trouble:
        if "not running" in str(trouble) or "dead" in str(trouble):
            return False
        machine.poll_log()
        raise Trouble(f"{trouble}; the emulator: {machine.process.poll()} {machine.emulator_says()[-500:]}; the log ends with {machine.log_text[-3000:]}") from trouble


def wait_for_restarts(machine, count):
    deadline = time.monotonic() + 60
    while machine.log_text.count("I vmm: the guest goes on") < count:
        machine.poll_log()
        check(machine.running() and time.monotonic() < deadline, f"{count} restarts did not come: {machine.log_text[-1500:]}")
        time.sleep(0.02)


def boot(build, cpus, **options):
    return Machine(build, "linux", folder=os.path.join(build, "vmm-restart"), snapshot=True, cpus=cpus, settings=["vmm.cmdline=console=ttyS0 quiet panic=-1", *options.pop("settings", [])],
                   drive_options=[f"throttling.iops-total={DISK_OPERATIONS}"], **options)


def type_and_see(machine, number):
    machine.send(f"echo typed-$(({number} + 1000))\n")
    machine.wait_for(f"typed-{number + 1000}", 60)


def guest_clock(machine, mark):
    machine.send(f"echo {mark}:$(cut -d' ' -f1 /proc/uptime):\n")
    return float(machine.wait_for(mark + r":(\d+\.\d+):", 60).group(1)) - time.time()


def crash_under_load(build, cpus, crashes):
    chance = random.Random(7)
    with boot(build, cpus) as machine:
        machine.wait_for("guest:~#", BOOT_S)
        clock = guest_clock(machine, "before")
        machine.send(LOAD)
        machine.wait_for("\nload-runs", 60)
        ways = (WAYS * 3)[:crashes]
        chance.shuffle(ways)
        for number, how in enumerate(ways, 1):
            time.sleep(chance.uniform(0.02, 0.3))
            check(crash(machine, "vmm", how), f"crash {number}")
            if number % 3 == 0:
                crash(machine, "virtio-blk", chance.choice(["null", "divide", "undefined"]))
            if number % 4 == 0:
                type_and_see(machine, number)
            wait_for_restarts(machine, number)
        for burst in range(2):  # so fast that some die while they restart, and fewer than may die in one exit
            for _ in range(BURST):
                crash(machine, "vmm", "null")
                time.sleep(0.03)
            type_and_see(machine, -burst)
        machine.send(FINISH)
        rounds, errors, mismatches = map(int, machine.wait_for(r"result: rounds (\d+) errors (\d+) mismatches (\d+) end", 120).groups())
        drift = guest_clock(machine, "after") - clock
        machine.send(f"exit {STATUS_FINE}\n")
        status = machine.wait(60)
    check(status == STATUS_FINE, f"status {status}: {machine.log_text[-1500:]}")
    check(rounds and not errors and not mismatches, f"rounds {rounds}, errors {errors}, mismatches {mismatches}")
    check(abs(drift) < 3, f"the guest's clock went wrong by {drift:.1f} s")
    check("boots anew" not in machine.log_text, machine.log_text[-3000:])
    again, put_back = machine.log_text.count("is asked again"), machine.log_text.count("a step was put back")
    deaths = len(re.findall(r"E vmm: dies", machine.log_text))
    print(f"     {deaths} deaths of the vmm, {len(re.findall('E virtio-blk: dies', machine.log_text))} of the driver; {again} exits asked again, {put_back} steps put back; "
          f"{rounds} files, clock {drift:+.2f} s")


@suite.test
def the_vmm_is_crashed_in_all_ways_under_load_and_the_guest_notices_nothing(build):
    crash_under_load(build, 1, 20)


@suite.test
def the_same_with_two_processors(build):
    crash_under_load(build, 2, 10)


@suite.test
def a_vmm_that_hangs_is_ended_under_a_guest_that_does_nothing(build):
    """Neither its rings nor its guest's exits tell: what is typed does."""
    with boot(build, 1) as machine:
        machine.wait_for("guest:~#", BOOT_S)
        for number in range(2):
            time.sleep(3)  # the guest's last words are on its disk
            check(crash(machine, "vmm", "hang"), "hang")
            time.sleep(1)
            type_and_see(machine, number)
        machine.poll_log()
        check(len(re.findall(r"vmm hangs: ", machine.log_text)) == 2, machine.log_text[-1500:])
        check("vmm hangs: a signal of another domain stands unheard for 5000 ms" in machine.log_text, machine.log_text[-1500:])
        machine.send(f"exit {STATUS_FINE}\n")
        check(machine.wait(60) == STATUS_FINE, machine.log_text[-1500:])


def type_for_the_dead(build, terminal):
    """What is typed while nobody takes it, since the vmm hangs, is there when the terminal's driver has died and the vmm has, and comes once."""
    with boot(build, 1, choose=[f"terminal={terminal}"]) as machine:
        machine.wait_for("guest:~#", BOOT_S)
        for number, how in enumerate(("null", "loop", "panic")):
            time.sleep(1)
            check(crash(machine, "vmm", "hang"), "hang")
            time.sleep(0.5)
            machine.send(f"echo typed-$(({number} + 1000))\n")
            time.sleep(0.5)
            check(crash(machine, terminal, how), how)
            machine.wait_for(f"typed-{number + 1000}", 60)
            type_and_see(machine, number + 100)
        machine.send(f"exit {STATUS_FINE}\n")
        check(machine.wait(60) == STATUS_FINE, machine.log_text[-1500:])
        for number in range(3):
            check(len(re.findall(rf"\ntyped-{number + 1000}", machine.text())) == 1, machine.text()[-1500:])
        check(len(re.findall(r"vmm hangs: ", machine.log_text)) == 3 and len(re.findall(f"E {terminal}: dies", machine.log_text)) == 3, machine.log_text[-2500:])


@suite.test
def what_was_typed_outlasts_the_driver_of_the_serial_port(build):
    type_for_the_dead(build, "console")


@suite.test
def what_was_typed_outlasts_the_driver_of_a_virtio_terminal(build):
    type_for_the_dead(build, "virtio-console")


DOZER = """
[system]
name = "dozer"
description = "a vmm that does not answer"
[domain.supervisor]
order = 0
priority = 0
memory = "1M"
[domain.dozer]
order = 1
memory = "1M"
restart = "on-crash"
restart_limit = 3
restart_window_ms = 60000
backoff_ms = 0
answer_ms = 400
[port.system]
server = "kernel"
interface = "System"
[port.guest]
server = "kernel"
interface = "Guest"
device = "guest"
[port.vcpu]
server = "dozer"
interface = "Vcpu"
[[grant]]
to = "supervisor"
name = "system"
port = "system"
[[grant]]
to = "dozer"
name = "guest"
port = "guest"
"""


@suite.test
def a_vmm_in_which_an_exit_waits_for_ever_is_ended(build):
    folder = os.path.realpath(os.path.join(build, "vmm-restart"))
    path = os.path.join(folder, "dozer.toml")
    os.makedirs(folder, exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(DOZER)
    with Machine(build, path, folder=folder, wants_disk=False, wants_network=False, memory="256M") as machine:
        machine.wait_for("dozer is given up", 60, log=True)
        check(machine.log_text.count("dozer hangs: a call waits in it for the same thing for 400 ms") == 4, machine.log_text)


# ---- what a vmm leaves may be garbage

VANDAL = """
[domain.vandal]
order = 6
priority = 1 # before anybody of the guest's looks it is done
memory = "1M"
[domain.vandal.settings]
offset = "{}"
size = "{}"
xor = "{}"
[[grant]]
to = "vandal"
name = "vmm-state"
buffer = "vmm-state"
[[grant]]
to = "vandal"
name = "settings"
port = "settings"
"""
LIVES = "the guest lives"
HEAD = 32  # bytes of struct kept in front of its areas


def spoil(build, offset, size, xor):
    """A guest whose vmm's state is spoilt before the vmm dies: the machine, how often it booted, and the log."""
    folder = os.path.realpath(os.path.join(build, "vmm-restart"))
    path = os.path.join(folder, "vandal.toml")  # whole: the archive lies beside it
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(ROOT, "systems", "linux.toml"), encoding="utf-8") as file, open(path, "w", encoding="utf-8") as out:
        out.write(file.read() + VANDAL.format(offset, size, xor))
    with Machine(build, path, folder=folder, snapshot=True, wants_disk=True, wants_network=True, files={"guest-kernel": os.path.join(build, "guests", "lives.elf")}) as machine:
        machine.wait_for(LIVES, BOOT_S)
        machine.wait_for("are spoilt", BOOT_S, log=True)
        crash(machine, "vmm", "null")  # if it is not dead of that already
        deadline = time.monotonic() + 60
        while not re.search(r"the guest goes on|guest boots anew", machine.log_text) and time.monotonic() < deadline:
            machine.poll_log()
            time.sleep(0.05)
        time.sleep(0.5)
        crash(machine, "vmm", "null")  # and its successor is one that can be succeeded
        until = machine.log_text.count("vmm: restarted in slot")
        machine.wait_for(r"(?s)(the guest goes on|guest boots anew).*restarted in slot.*the guest goes on", BOOT_S, log=True)
        check(until <= 4, f"the vmm dies again and again: {machine.log_text[-2000:]}")
        machine.poll_log()
        return machine.text().count(LIVES), machine.log_text


@suite.test
def a_guest_goes_on_twice(build):
    boots, log = spoil(build, 0, 0, 0)
    check(boots == 1 and "boots anew" not in log, log[-2000:])


@suite.test
def a_state_of_another_version_boots_the_guest_anew(build):
    boots, log = spoil(build, 8, 1, 2)
    check(boots == 2 and "it was left by a vmm of another version; the guest boots anew" in log, log[-2000:])


@suite.test
def a_state_that_makes_no_sense_boots_the_guest_anew(build):
    boots, log = spoil(build, HEAD, 120000, 0x5a)
    check(boots == 2 and "is of no use: the undo log's head; the guest boots anew" in log, log[-2000:])


if __name__ == "__main__":
    sys.exit(suite.main(__doc__))
