# SPDX-License-Identifier: MIT
"""A client of gdb's remote protocol, as far as a fault needs it: QEMU's stub, one processor, over a Unix socket.

    stub = Stub("gdb.sock")           # the machine stands still from now on
    stub.break_at(address)
    if stub.go(timeout=5):            # it stands at the breakpoint; False: it was stopped by the clock
        stub.flip_register("rax", 7)
    stub.leave()                      # the machine runs, nobody watches it any more
"""
import time

import qmp

# Registers of QEMU's x86-64 stub, by number.
GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
NUMBERS = {**{name: number for number, name in enumerate(GENERAL)}, "rip": 16, "eflags": 17}
BYTES = {"eflags": 4}
PIECE = 1024  # bytes of memory in one packet


class GdbError(Exception):
    """The stub refused, or does not answer."""


def checksum(data):
    return sum(data) & 0xff


def frame(text):
    """A packet around a text without characters that need escaping."""
    data = text.encode("ascii")
    return b"$" + data + b"#" + b"%02x" % checksum(data)


def unframe(pending):
    """(contents of the first whole packet or None, what is left over); acknowledgements in front of it are skipped."""
    start = pending.find(b"$")
    end = pending.find(b"#", start)
    if start < 0 or end < 0 or len(pending) < end + 3:
        return None, pending
    data = pending[start + 1:end]
    if int(pending[end + 1:end + 3], 16) != checksum(data):
        raise GdbError("a packet with a wrong checksum")
    return expand(data), pending[end + 3:]


def expand(data):
    """Run lengths: `0*"' is 0 and as many more as the character behind the star is above 28."""
    out, at = bytearray(), 0
    while at < len(data):
        if data[at:at + 1] == b"*" and out and at + 1 < len(data):
            out += out[-1:] * (data[at + 1] - 29)
            at += 2
        else:
            out.append(data[at])
            at += 1
    return out.decode("ascii", "replace")


class Stub:
    def __init__(self, path, timeout=30):
        self.timeout, self.pending, self.breaks = timeout, b"", set()
        self.socket = qmp.connect(path, timeout, GdbError)
        answer = self.ask("qSupported")
        while not answer.startswith("PacketSize"):  # before it may come the news that the machine has been stopped for us
            answer = self.receive(timeout) or ""
        self.ask("qXfer:features:read:target.xml:0,ffb")  # single registers can be asked for by those only who looked at the description

    # ---- packets

    def send(self, text):
        try:
            self.socket.sendall(frame(text))
        except OSError as error:
            raise GdbError(f"the machine ended: {error.strerror}") from error

    def receive(self, timeout):
        """The next packet's contents, or None when none comes in time."""
        deadline = time.monotonic() + timeout
        while True:
            contents, self.pending = unframe(self.pending)
            if contents is not None:
                self.socket.sendall(b"+")
                return contents
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                return None
            except OSError as error:
                raise GdbError(f"the machine ended: {error.strerror}") from error
            if not piece:
                raise GdbError("the machine ended")
            self.pending += piece

    def ask(self, text):
        self.send(text)
        answer = self.receive(self.timeout)
        if answer is None:
            raise GdbError(f"no answer to `{text[:40]}' within {self.timeout} s")
        if len(answer) == 3 and answer[0] == "E":
            raise GdbError(f"`{text[:40]}' was refused: {answer}")
        return answer

    # ---- stop and go

    def break_at(self, address):
        self.ask(f"Z0,{address:x},1")
        self.breaks.add(address)

    def clear(self, address):
        self.ask(f"z0,{address:x},1")
        self.breaks.discard(address)

    def step_quietly(self):
        """Steps take neither interrupts nor timers: what is stepped through is the domain's own code."""
        self.ask("Qqemu.sstep=0x7")

    def step(self):
        self.ask("s")

    def go(self, timeout):
        """Let the machine run to a breakpoint. False: none came in time, the machine was stopped where it was."""
        if self.breaks and self.register("rip") in self.breaks:
            self.step()  # the stub would stop at once where it stands
        self.send("c")
        if self.receive(timeout) is not None:
            return True
        self.socket.sendall(b"\x03")
        if self.receive(self.timeout) is None:
            raise GdbError("the machine does not stop")
        return False

    def leave(self):
        """Take breakpoints away, let it run, and go."""
        try:
            self.ask("D")
        except GdbError:
            pass
        self.socket.close()

    # ---- what is in it

    def register(self, name):
        return int.from_bytes(bytes.fromhex(self.ask(f"p{NUMBERS[name]:x}")), "little")

    def set_register(self, name, value):
        self.ask(f"P{NUMBERS[name]:x}={value.to_bytes(BYTES.get(name, 8), 'little').hex()}")

    def flip_register(self, name, bit):
        """Returns what it was and what it is."""
        before = self.register(name)
        self.set_register(name, before ^ 1 << bit)
        return before, before ^ 1 << bit

    def read(self, address, size):
        pieces = []
        for at in range(0, size, PIECE):
            pieces.append(bytes.fromhex(self.ask(f"m{address + at:x},{min(PIECE, size - at):x}")))
        return b"".join(pieces)

    def write(self, address, data):
        for at in range(0, len(data), PIECE):
            piece = data[at:at + PIECE]
            self.ask(f"M{address + at:x},{len(piece):x}:{piece.hex()}")

    def flip_memory(self, address, bit):
        before = self.read(address, 1)[0]
        self.write(address, bytes([before ^ 1 << bit]))
        return before, before ^ 1 << bit
