# SPDX-License-Identifier: MIT
"""What can go wrong with a domain, and how it is made to go wrong at a place that a seed decides.

Flips come from outside, through QEMU's gdb stub: the machine is stopped where the domain enters one of its functions, goes on by single instructions of
the domain's own text, and then one bit changes. Nothing in the kernel takes part. The other kinds are those of `bhctl crash', at a moment chosen alike.
"""
import os
import random
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "bhctl"), os.path.join(HERE, "..", "run")]
from bhctl import KINDS as TOLD  # noqa: E402  pylint: disable=wrong-import-position
from machine import Trouble  # noqa: E402  pylint: disable=wrong-import-position
from gdb_remote import GENERAL, GdbError  # noqa: E402  pylint: disable=wrong-import-position

FROM_OUTSIDE = {"register": "one bit of a general register, but the stack pointer", "flags": "one arithmetic flag", "data": "one bit of data, bss or heap",
         "stack": "one bit of the innermost frames on the data stack", "text": "one bit of code that runs: what was verified is so no more",
         "device": "one bit of what the device and the driver write to memory for one another",
         "interrupt-lost": "one to eight interrupts of its device that it is not told of", "interrupt-again": "an interrupt that it is told of up to 40 times",
         "api": "some of the kernel calls and methods that it imports, with arguments by chance"}
KINDS = {**FROM_OUTSIDE, **TOLD}
REGISTERS = tuple(name for name in GENERAL if name != "rsp")  # domain code cannot hold anything in that one
FLAG_BITS = (0, 2, 4, 6, 7, 11)
HITS_MAX, STEPS_MAX, OUTSIDE_MAX = 32, 300, 40
HIT_TIMEOUT, HITS_TIME = 8, 4  # seconds for the first; after so many for all, the next one counts as the last
FRAMES_SIZE = 192  # bytes of the data stack
SLOT_MASK = 0xffffffff
HEAP, STACKS, DEVICES, EXCHANGE = 0x10000000, 0x40000000, 0x60000000, 0x80000000  # kernel/abi/slot.h
CONTROL_STACK_MASK = ~0xffff
PAGE = 4096
ARGUMENTS = ("rdi", "rsi", "rdx", "rcx", "r8", "r9")
CALLS_MAX = 12
LOST_MAX, AGAIN_MAX = 8, 40
HOLDER_AT = 8  # in the kernel's struct binding
# Ends in good order and waits without end are no misuse.
NOT_CALLED = ("bh_call_exit", "bh_call_panic", "bh_call_sleep", "bh_call_event_wait", "bh_call_thread_exit")
MAPPED = re.compile(r"^([0-9a-f]{16}): [0-9a-f]{16} (.{9})", re.M)


class NotTriggered(Exception):
    """The place was not reached: this is no run."""


class Plan:
    """All that a seed decides."""

    def __init__(self, domain, kind, seed, functions):
        self.chance = random.Random(f"{domain} {kind} {seed}")
        self.kind = kind
        self.places = self.chance.sample(functions, min(6, len(functions)))  # the first that is reached counts
        self.hit = self.chance.randint(1, HITS_MAX)
        self.steps = self.chance.randint(0, STEPS_MAX)


class Injector:
    """Brings the machine to the place of a plan and does the harm."""

    def __init__(self, world, machine, stub, plan):
        self.world, self.machine, self.stub, self.plan, self.chance = world, machine, stub, plan, plan.chance
        self.told = {"kind": plan.kind}

    def name_of(self, address):
        offset = address & SLOT_MASK
        for start, size, name in self.world.symbols:
            if start <= offset < start + size and not name.startswith("__cfi_"):
                return f"{name}+0x{offset - start:x}"
        return f"0x{offset:x}"

    def in_text(self, address):
        text = self.world.text
        return address & ~SLOT_MASK == self.world.base and text[0] <= address & SLOT_MASK < text[1]

    # ---- the place

    def reach(self):
        for start, name in self.plan.places:
            address = self.world.base + start
            self.stub.break_at(address)
            hits, deadline = 0, time.monotonic() + HITS_TIME
            while hits < self.plan.hit and (not hits or time.monotonic() < deadline) and self.stub.go(HIT_TIMEOUT if not hits else 2):
                hits += 1
            self.stub.clear(address)
            if hits and self.stub.register("rip") == address:
                self.told.update({"function": name, "hit": hits})
                return
        raise NotTriggered(f"{self.world.name} does not enter any of {', '.join(name for _, name in self.plan.places)}")

    def walk(self):
        """Single instructions of the domain's text; calls out of it are let run and not counted."""
        self.stub.step_quietly()
        done = outside = 0
        while done < self.plan.steps and outside < OUTSIDE_MAX:
            at = self.stub.register("rip")
            if self.in_text(at):
                self.stub.step()
                done += 1
                continue
            outside += 1
            back = int.from_bytes(self.stub.read(self.stub.register("rsp"), 8), "little")
            if not self.in_text(back):
                self.stub.step()
                continue
            self.stub.break_at(back)
            reached = self.stub.go(HIT_TIMEOUT)
            self.stub.clear(back)
            if not reached:
                raise NotTriggered(f"{self.world.name} did not return to {self.name_of(back)}")
        at = self.stub.register("rip")
        if not self.in_text(at):
            raise NotTriggered(f"after {done} instructions it is not in its text")
        self.told.update({"steps": done, "at": self.name_of(at)})

    # ---- the harm

    def pages(self, start, end):
        """Pages of the slot that may be written, from start to end, that are memory and no device's registers."""
        found = []
        for address, flags in MAPPED.findall(self.machine.qmp.human("info tlb")):
            address = int(address, 16)
            if address & ~SLOT_MASK == self.world.base and start <= address & SLOT_MASK < end and "W" in flags and "C" not in flags:
                found.append(address)
        return found

    def flip_at(self, address, what):
        bit = self.chance.randrange(8)
        before, after = self.stub.flip_memory(address, bit)
        self.told.update({"what": f"{what} at 0x{address & SLOT_MASK:x}: 0x{before:02x} is 0x{after:02x}"})

    def flip_register(self):
        name = self.chance.choice(REGISTERS)
        before, after = self.stub.flip_register(name, self.chance.randrange(64))
        self.told.update({"what": f"{name}: 0x{before:x} is 0x{after:x}"})

    def flip_flags(self):
        before, after = self.stub.flip_register("eflags", self.chance.choice(FLAG_BITS))
        self.told.update({"what": f"flags: 0x{before:x} is 0x{after:x}"})

    def flip_data(self):
        """Half of the time among bytes that are in use, that is, not zero."""
        start, end = self.world.data
        pieces = [(self.world.base + start, self.stub.read(self.world.base + start, end - start))]
        pieces += [(page, self.stub.read(page, PAGE)) for page in self.pages(HEAP, STACKS)[:16]]
        every = [address + i for address, data in pieces for i in range(len(data))]
        used = [address + i for address, data in pieces for i, byte in enumerate(data) if byte]
        self.flip_at(self.chance.choice(used if used and self.chance.random() < 0.5 else every), "data")

    def flip_stack(self):
        block = self.stub.register("rsp") & CONTROL_STACK_MASK
        top = int.from_bytes(self.stub.read(block, 8), "little")
        if top & ~SLOT_MASK not in (0, self.world.base) or not STACKS <= top & SLOT_MASK < DEVICES:
            raise NotTriggered(f"the data stack's pointer is 0x{top:x}")
        address = self.world.base + (top & SLOT_MASK)
        size = min(FRAMES_SIZE, -address % 0x400000)  # up to its upper end (BH_SLOT_STACK_STRIDE)
        if size == 0:
            raise NotTriggered("the data stack is empty")
        self.flip_at(address + self.chance.randrange(size), "stack")

    def flip_text(self):
        """Half of the time in the instruction that comes next, else anywhere in its function."""
        at = self.stub.register("rip")
        offset = at & SLOT_MASK
        start, size = next(((start, size) for start, size, name in self.world.symbols if start <= offset < start + size), (offset, 8))
        near = self.chance.random() < 0.5
        address = at + self.chance.randrange(4) if near else self.world.base + start + self.chance.randrange(size)
        self.flip_at(address, "text, " + self.name_of(address))

    def flip_device(self):
        """A byte of the memory shared with the device that changed lately."""
        pages = self.pages(DEVICES, EXCHANGE)
        if not pages:
            raise NotTriggered(f"{self.world.name} shares no memory with a device")
        before = [self.stub.read(page, PAGE) for page in pages]
        at = self.stub.register("rip")
        self.stub.break_at(at)
        reached = self.stub.go(HIT_TIMEOUT)
        self.stub.clear(at)
        if not reached:
            raise NotTriggered(f"{self.name_of(at)} is not reached again")
        changed = [page + i for page, old in zip(pages, before) for i, (one, other) in enumerate(zip(old, self.stub.read(page, PAGE))) if one != other]
        self.flip_at(self.chance.choice(changed or [page + i for page in pages for i in range(PAGE)]), "memory of the device")

    # ---- interrupts: the kernel's signal() of kernel/domain/interrupts.c tells a driver of one

    def is_ours(self, binding):
        """Whether the interrupt is of a device of this domain."""
        index = (self.world.base - self.world.first_slot) >> 32
        holder, domain = self.stub.read(binding + HOLDER_AT, 8), self.stub.read(self.world.kernel["domains"] + 8 * index, 8)
        return holder == domain

    def next_interrupt(self):
        """Go on to the next one of this domain's device, about to be told."""
        for _ in range(200):
            if not self.stub.go(HIT_TIMEOUT):
                break
            if self.is_ours(self.stub.register("rdi")):
                return
        raise NotTriggered(f"no interrupt came for {self.world.name}")

    def do_interrupt_lost(self):
        count = self.chance.randint(1, LOST_MAX)
        self.stub.break_at(self.world.kernel["signal"])
        for _ in range(count):
            self.next_interrupt()
            stack = self.stub.register("rsp")
            self.stub.set_register("rip", int.from_bytes(self.stub.read(stack, 8), "little"))
            self.stub.set_register("rsp", stack + 8)
        self.told.update({"what": f"{count} interrupts lost"})

    def do_interrupt_again(self):
        count, signal = self.chance.randint(1, AGAIN_MAX), self.world.kernel["signal"]
        self.stub.break_at(signal)
        self.next_interrupt()
        self.stub.clear(signal)
        kept = {name: self.stub.register(name) for name in ("rdi", "rsp", "rip")}
        back = int.from_bytes(self.stub.read(kept["rsp"], 8), "little")
        self.stub.break_at(back)
        for _ in range(count):
            if not self.stub.go(2) or self.stub.register("rsp") != kept["rsp"] + 8:
                raise NotTriggered("the interrupt was not told")
            self.stub.write(kept["rsp"], back.to_bytes(8, "little"))
            for name, value in kept.items():
                self.stub.set_register(name, value)
        self.told.update({"what": f"an interrupt told {count + 1} times"})

    # ---- misuse: calls that the domain's own code did not make

    def argument(self):
        """Small numbers may be capabilities, addresses of the slot what a call expects; the rest is nonsense."""
        chance, base = self.chance, self.world.base
        start, end = self.world.data
        return chance.choice((lambda: chance.randrange(72), lambda: base + chance.randrange(start, end), lambda: base + chance.randrange(SLOT_MASK),
                              lambda: chance.getrandbits(64), lambda: 1 << chance.randrange(64), lambda: (1 << 64) - 1 - chance.randrange(16)))()

    def call(self, start, entry, stack):
        """Let the thread, which is about to enter a function, call another one first. Whether it came back."""
        for name in ARGUMENTS:
            self.stub.set_register(name, self.argument())
        self.stub.write(stack, entry.to_bytes(8, "little"))
        self.stub.set_register("rsp", stack)
        self.stub.set_register("rip", self.world.base + start)
        self.stub.break_at(entry)
        back = self.stub.go(2)
        self.stub.clear(entry)
        return back and self.stub.register("rsp") == stack + 8

    def do_api(self):
        stubs = [(start, name) for start, _, name in self.world.symbols if name.startswith(("bh_call_", "bh_stub_")) and name not in NOT_CALLED]
        entry, made = self.stub.register("rip"), []
        kept = {name: self.stub.register(name) for name in (*GENERAL, "eflags")}
        for _ in range(self.chance.randint(1, CALLS_MAX)):
            start, name = self.chance.choice(stubs)
            made.append(name)
            if not self.call(start, entry, kept["rsp"] - 16):
                break
            for register, value in kept.items():
                self.stub.set_register(register, value)
        self.told.update({"what": "calls of " + ", ".join(made)})

    def tell(self):
        try:
            self.machine.control.ask(f"crash {self.world.name} {self.plan.kind}")
        except Trouble as trouble:
            if not str(trouble).startswith("crash: "):
                raise
            raise NotTriggered(f"not for {self.world.name}: {trouble}") from trouble  # it serves no ring, or has no device

    def harm(self):
        """Returns what was done; the machine runs afterwards, and nobody watches it."""
        self.reach()
        if self.plan.kind in ("api", "interrupt-lost", "interrupt-again"):
            getattr(self, "do_" + self.plan.kind.replace("-", "_"))()
        elif self.plan.kind in FROM_OUTSIDE:
            self.walk()
            getattr(self, "flip_" + self.plan.kind)()
        self.stub.leave()
        if self.plan.kind not in FROM_OUTSIDE:
            self.tell()
            self.told.update({"what": TOLD[self.plan.kind]})
        return self.told


__all__ = ["FROM_OUTSIDE", "KINDS", "GdbError", "Injector", "NotTriggered", "Plan"]
