#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Deaths in the middle of a recovery, aimed at by QEMU's gdb stub: the disk's driver before and after each call of its start, and at the first, second, fifth
request that it replays; the supervisor before and after each call with which it restarts the driver, takes over from a dead one, or gives up. After each
of them the client has what was acknowledged, and no error (docs/recovery.md)."""
import contextlib
import os
import re
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools", "campaign"), os.path.join(ROOT, "tests", "system")]  # in this order: both have a module disk
import recovery  # noqa: E402 (the folders had to be found first)
from gdb_remote import GdbError, Stub  # noqa: E402
from machine import Trouble  # noqa: E402 (recovery knows where)
from world import SLOT_AREA, SLOT_SIZE, symbols_of  # noqa: E402

PATIENCE_S = 15  # the machine is emulated, and stands still at times
SELDOM_S = 1.5  # what the domain does not do of itself
REPLAYED = (1, 2, 5, 9)
# What the driver does with a request that it replays, from the ring to the device and back, and how often it may have done it before it dies.
REPLAY = [(name, count) for name in ("bh_ring_take_batch", "request_write", "bh_ring_finish_batch") for count in REPLAYED] + \
         [(name, 1) for name in ("virtqueue_publish", "virtqueue_kick", "virtqueue_take", "bh_ring_finish_notify")]
DRIVER_START = ("bh_stub_device_open", "bh_stub_device_config_read", "bh_stub_device_dma_alloc", "bh_stub_device_bind_vector", "bh_call_ring_attach", "bh_call_buffer_map",
                "bh_call_port_serve", "virtio_agree", "virtqueue_create", "virtio_start")
SUPERVISOR_ROUND = ("bh_call_event_wait", "bh_call_time", "bh_stub_system_domain_info", "bh_stub_images_info", "bh_stub_system_restart")
SUPERVISOR_START = ("bh_call_cap_find", "bh_call_event_create", "bh_stub_system_watch_deaths", "bh_call_buffer_info", "bh_call_buffer_map")


class Victim:
    """A domain that can be made to die at a place of its code, by sending its thread to address 0 of its slot."""

    def __init__(self, build, machine, name):
        self.name = name
        self.base = SLOT_AREA + int(re.search(rf"I {name}: started in slot (\d+)", machine.log_text).group(1)) * SLOT_SIZE
        self.places = {symbol: start for start, _, symbol in symbols_of(os.path.join(build, "domains", name + ".elf"))}

    def address(self, symbol):
        """Of a function; where nobody gets, when the compiler has put it into another one: then it is not reached, as the test says."""
        return self.base + self.places.get(symbol, 0)


class Theatre:
    """The machine, under a debugger that is told to go on whenever nothing is aimed at."""

    def __init__(self, world, machine):
        self.world, self.machine, self.line = world, machine, machine.control
        self.stub = Stub(world.path("gdb.sock"))
        self.stub.send("c")

    def halt(self):
        self.stub.socket.sendall(b"\x03")
        if self.stub.receive(PATIENCE_S) is None:
            raise GdbError("the machine does not stop")

    def order(self, command):
        """To the control line, without waiting for an answer: the machine may stop before there is one."""
        self.line.socket.sendall(command.encode() + b"\n")

    def answers(self, count):
        for _ in range(count):
            self.line.read_line()

    def reach(self, address, count, seconds):
        """From a halt to the `count`th time that it gets there; False, and halted all the same: it did not in time."""
        self.stub.break_at(address)
        try:
            for _ in range(count):
                if not self.stub.go(seconds):
                    return False
            return True
        finally:
            self.stub.clear(address)

    def kill_at(self, victim, symbol, count, after, orders=(), next_life=False, seconds=SELDOM_S):
        """Whether it died there. The machine runs afterwards."""
        self.halt()
        for order in orders:
            self.order(order)
        there = not next_life or self.reach(victim.address("bh_start"), 1, seconds)
        there = there and self.reach(victim.address(symbol), count, seconds)
        if there and after:  # where it returns to
            there = self.reach(int.from_bytes(self.stub.read(self.stub.register("rsp"), 8), "little"), 1, seconds)
        if there:
            self.stub.set_register("rip", victim.base)
        self.stub.send("c")
        self.answers(len(orders))
        return there

    def count(self, pattern):
        self.machine.poll_log()
        return len(re.findall(pattern, self.machine.log_text))

    def comes(self, pattern, more_than, seconds=PATIENCE_S):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.machine.running():
            if self.count(pattern) > more_than:
                return True
            time.sleep(0.02)
        return False


SERVES = r"virtio-blk: restarted: \d+ requests replayed"
DIES = r"E virtio-blk: dies: "
NOBODY = "nobody is restarted any more"


def driver_steps(theatre, driver, quick):
    """(step, did it get there, did the disk come back) of each."""
    for symbol, count, after in [(name, 1, after) for name in DRIVER_START for after in (False, True)] + [(name, count, after) for name, count in REPLAY for after in (False, True)]:
        if quick and (symbol in DRIVER_START or count > 1) and after:
            continue
        before = theatre.count(SERVES)
        reached = theatre.kill_at(driver, symbol, count, after, ["kill virtio-blk"], next_life=True)
        yield f"{'after' if after else 'at'} {symbol}, {count}", reached, theatre.comes(SERVES, before)


def revive_by_hand(theatre, before):
    """The kernel starts it again a few times, an operator after that."""
    if theatre.comes("supervisor: restarted in slot", before, 0.5):
        return
    if theatre.count(NOBODY):
        try:
            theatre.line.ask("restart supervisor")
        except Trouble:
            pass  # it was quicker


def supervisor_steps(theatre, supervisor, quick):
    for symbol in SUPERVISOR_ROUND:
        for after in (False, True) if symbol != "bh_call_event_wait" else (False,):  # it is in the middle of that one already
            before, lives = theatre.count(SERVES), theatre.count("supervisor: restarted in slot")
            reached = theatre.kill_at(supervisor, symbol, 1, after, ["kill virtio-blk"])
            if reached:
                revive_by_hand(theatre, lives)
            yield f"{'after' if after else 'at'} {symbol}", reached, theatre.comes(SERVES, before)
    for symbol in SUPERVISOR_START:
        for after in (False,) if quick else (False, True):
            before, lives = theatre.count(SERVES), theatre.count("supervisor: restarted in slot")
            orders = ["kill supervisor", "kill virtio-blk"] + ["restart supervisor"] * bool(theatre.count(NOBODY))
            reached = theatre.kill_at(supervisor, symbol, 1, after, orders, next_life=True)
            revive_by_hand(theatre, lives + 1)
            yield f"{'after' if after else 'at'} {symbol}, taking over", reached, theatre.comes(SERVES, before)


@contextlib.contextmanager
def stage(world):
    """The system under its client's load, under a debugger, with domains that die more often than others bear."""
    extra = ["-gdb", f"unix:{world.path('gdb.sock')},server=on,wait=off"]
    manifest = world.manifest("often", ("restart_window_ms = 5000", "restart_window_ms = 500"))
    with recovery.small(world, manifest, extra=extra) as machine:
        machine.wait_for("clerk: [1-9]", log=True)
        yield machine, Theatre(world, machine)


def deaths_in_the_middle(world, checks):
    quick = not world.options.all
    with stage(world) as (machine, theatre):
        for name, steps in (("virtio-blk", driver_steps), ("supervisor", supervisor_steps)):
            victim = Victim(world.build, machine, name)
            outcomes = list(steps(theatre, victim, quick))
            reached = [step for step, there, _ in outcomes if there]
            lost = [step for step, _, back in outcomes if not back]
            checks.says(f"the-disk-comes-back-wherever-{name}-dies", not lost, f"not after {lost}\n{machine.log_text[-2500:]}")
            missed = [step for step, there, _ in outcomes if not there]
            checks.says(f"{name}-died-where-it-was-to-die", len(reached) > len(outcomes) * 3 // 4, f"not {missed}")
            print(f"         {len(reached)} of {len(outcomes)} places; not reached: {', '.join(missed) or 'none'}")
        recovery.notices_nothing(machine, checks, "deaths-in-the-middle-of-recovery")
        lives = theatre.count("supervisor: restarted in slot")
        theatre.kill_at(victim, "bh_stub_system_abandon", 1, False, ["kill clerk"])  # its policy is never to restart
        revive_by_hand(theatre, lives)
        given_up = theatre.comes("clerk is given up: its policy is never to restart", 0)
        checks.says("a-supervisor-that-dies-when-it-gives-up-leaves-that-to-its-successor", given_up, machine.log_text[-2500:])
        replayed = [int(word) for word in re.findall(r"restarted: (\d+) requests replayed", machine.log_text)]
        checks.says("requests-were-replayed", sum(replayed) > 100, str(replayed))


if __name__ == "__main__":
    sys.exit(recovery.main(__doc__, "dying-steps", [deaths_in_the_middle], all=(False, "all places; some are left out to save time")))
