#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of a driver that nobody can start again: its device does not come out of its reset, or it dies too often. docs/recovery.md#given-up is what is
checked here."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools", "campaign"), os.path.join(ROOT, "tests", "system")]  # in this order: both have a module disk
import recovery  # noqa: E402 (the folders had to be found first)
from machine import Machine  # noqa: E402 (recovery knows where)
from qmp import Qmp  # noqa: E402

PORT_ADDRESS = 7 << 3  # of the root port in configuration space: bus 0, device 7
SLOT_CONTROL = 0x18  # behind the root port's Express capability
POWER_INDICATOR_ON, POWER_OFF, NOTHING_ELSE = 1 << 8, 1 << 10, 3 << 6


class Bay:
    """The hot-plug slot of a PCI Express root port, by QEMU's monitor. What stands in a slot without power answers to nothing: as a broken device does."""

    def __init__(self, path):
        self.qmp = Qmp(path)
        at = self.read(0x34) & 0xfc
        while self.read(at) & 0xff != 0x10:  # capabilities, up to Express
            at = self.read(at) >> 8 & 0xfc
        self.control = at + SLOT_CONTROL

    def select(self, offset):
        self.qmp.human(f"o /w 0xcf8 {1 << 31 | PORT_ADDRESS << 8 | offset & 0xfc:#x}")

    def read(self, offset):
        self.select(offset)
        return int(self.qmp.human("i /w 0xcfc").split("=")[1], 16)

    def power(self, on):
        self.select(self.control)
        self.qmp.human(f"o /h 0xcfc {POWER_INDICATOR_ON | NOTHING_ELSE | (0 if on else POWER_OFF):#x}")


def device_that_is_gone(world, checks):
    """Two disks with a driver and a client each. The first one's device loses its power; then it has it again."""
    manifest = world.manifest("gone", change=recovery.twice)
    disk = "virtio-blk-pci,disable-legacy=on,iommu_platform=on,drive="
    extra = ["-qmp", f"unix:{world.path('bay.sock')},server=on,wait=off", "-device", f"pcie-root-port,id=bay,chassis=1,slot=1,addr={PORT_ADDRESS >> 3}",
             "-drive", f"if=none,id=disk0,format=raw,file={recovery.disk_of(world, 'small.img')}", "-device", disk + "disk0,bus=bay",
             "-drive", f"if=none,id=disk1,format=raw,file={recovery.disk_of(world, 'other.img')}", "-device", disk + "disk1,addr=8"]
    with Machine(world.build, "recovery", archive=recovery.archive_of(world, manifest), folder=world.folder, wants_disk=False, memory="256M", extra=extra) as machine:
        for name in ("clerk", "clerk2"):
            machine.wait_for(name + ": [1-9]", log=True)
        driver, client, other = "virtio-blk", "clerk", "clerk2"  # what is behind the bridge, device 7, is found first
        bay = Bay(world.path("bay.sock"))
        bay.power(False)
        machine.wait_for(f"{driver} is given up: a device of it does not come out of its reset", log=True)
        told = rf"device 01:00.0 \(1af4:1042\) of {driver} does not come out of its reset: it stays cut off .* `bhctl restart {driver}'"
        checks.says("a-device-that-does-not-come-back-is-named-with-its-driver", re.search(told, machine.log_text), machine.log_text[-2500:])
        checks.says("its-driver-was-not-started-meanwhile", f"I {driver}: restarted in slot" not in machine.log_text, machine.log_text[-2500:])
        before = recovery.counted(machine, client)
        after = recovery.comes_to(machine, lambda now: now[2] > before[2] + 20, client)
        checks.says("its-client-sees-errors-and-does-not-hang", after and not after[3], f"{before} {after}\n{machine.log_text[-1500:]}")
        now = recovery.goes_on(machine, other)
        checks.says("the-other-disk-goes-on", now and not now[2] and not now[3], f"{now}\n{machine.log_text[-1500:]}")
        answer = recovery.answer_of(bhctl(machine, world, "restart", driver))
        checks.says("a-restart-by-hand-in-vain-says-why", not answer["ok"] and f"{driver} does not start" in answer["error"], str(answer))
        bay.power(True)
        answer = recovery.answer_of(bhctl(machine, world, "restart", driver))
        seen = {}
        now = recovery.comes_to(machine, lambda now: seen.setdefault(now[2], now[0]) < now[0] - 100, client)
        checks.says("with-its-device-it-can-be-started-again", answer["ok"] and now and not now[3], f"{answer} {now}\n{machine.log_text[-2500:]}")


def bhctl(machine, world, *words):
    machine.release_control()
    return world.bhctl(*words)


def hosted(world, name, changes):
    """order.toml with other lines, for a while; its log."""
    manifest = world.manifest(name, *changes, source=os.path.join(ROOT, "tests", "hosted", "order.toml"))
    log = world.path(name + ".log")
    with open(log, "wb") as sink:
        kernel = subprocess.Popen([os.path.join(world.build, "hosted", "bulkhead"), recovery.archive_of(world, manifest)], stdout=sink, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL)
        try:
            kernel.wait(3)
        except subprocess.TimeoutExpired:
            kernel.kill()
            kernel.wait()
    return open(log, encoding="utf-8", errors="replace").read()


def what_becomes_of_requests(world, checks):
    for policy, words in (("hold", "wait"), ("fail", "end-with-errors")):
        text = hosted(world, "given-up-" + policy, [("restart_limit = 60", f'restart_limit = 2\non_give_up = "{policy}"'), ("restart_window_ms = 1\n", "restart_window_ms = 60000\n")])
        found = recovery.all_counted(text)
        given_up = "ramdisk is given up: it died too often" in text
        goes_on = len(found) > 1 and found[-1][0] > found[0][0] + 50 and found[-1][2] > 50
        checks.says(f"requests-to-what-was-given-up-{words}-where-the-manifest-says-{policy}", given_up and found and not found[-1][3] and goes_on == (policy == "fail"),
                    f"{found}\n{text[-1500:]}")


if __name__ == "__main__":
    sys.exit(recovery.main(__doc__, "giving-up-tests", [what_becomes_of_requests, device_that_is_gone]))
