#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The drivers of a virtio console and of a virtio source of entropy in QEMU, with a domain that uses both (tests/domains/parrot): on split and on packed queues, and
while they die. This program is at the other end of the terminal. Ends with `N passed, N failed`."""
import os
import re
import shutil
import socket
import sys
import threading
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tools", "run"), os.path.join(ROOT, "tests")]
import machine as machines  # noqa: E402  pylint: disable=wrong-import-position
from checks import Checks  # noqa: E402  pylint: disable=wrong-import-position

LIMIT_S = 30
KINDS = ("null", "undefined", "divide", "panic", "loop", "wild-kernel")
# name, what the devices can do, the source of entropy (QEMU gives from it at most that much in that time)
RUNS = [("split", "packed=off", "max-bytes=65536,period=100"), ("packed", "packed=on", "max-bytes=65536,period=100")]


class Terminal:
    """What the console says, and a keyboard."""

    def __init__(self, path):
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        deadline = time.monotonic() + LIMIT_S
        while True:
            try:
                self.line.connect(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        self.text, self.changed = b"", threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                piece = self.line.recv(65536)
            except OSError:
                return
            if not piece:
                return
            with self.changed:
                self.text += piece
                self.changed.notify_all()

    def type(self, text):
        self.line.sendall(text)

    def wait_for(self, what, limit=LIMIT_S):
        """The match of a regular expression, and what stood in front of it goes; None."""
        deadline = time.monotonic() + limit
        with self.changed:
            while not (match := re.search(what, self.text, re.S)):
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(left)
            self.text = self.text[match.end():]
            return match


def talk(check, terminal):
    terminal.type(b"good morning\n")
    check(terminal.wait_for(rb"GOOD MORNING\n"), "a line that is typed is repeated")
    # More than anybody has room for: the device waits. In few lines: QEMU drops what a console writes when the socket to us is full, and there each write
    # takes a kilobyte, however short it is.
    text = b"".join(b"line %d of many, %s\n" % (i, bytes(97 + (i + j) % 26 for j in range(380))) for i in range(30))
    threading.Thread(target=terminal.type, args=(text,), daemon=True).start()
    found = terminal.wait_for(re.escape(text.upper()))
    check(found, f"{len(text)} bytes at once come back in order, none lost, none twice" + ("" if found else f"; {len(terminal.text)} came: {terminal.text[:40]}"))
    terminal.type(b"x" * 3000 + b"\n")
    check(terminal.wait_for(b"X{3000}\n"), "so does a line longer than a call can carry")


def draw(check, terminal, size):
    terminal.type(b"random %d\n" % size)
    found = terminal.wait_for(rb"(\d+) random bytes, (\d+) bits of 1000 are set\n")
    check(found and int(found.group(1)) == 2 * size and 480 <= int(found.group(2)) <= 520, f"two threads get {size} random bytes each: {found and found.group(0)}")


def deaths(check, machine, terminal):
    """Each driver dies while it is used. Input that was in the dead driver may be lost, output may come twice; nothing else may happen."""
    for i, kind in enumerate(KINDS):
        terminal.type(b"random 65536\n")
        time.sleep(0.05 + 0.02 * i)
        machine.control.ask(f"crash virtio-rng {kind}")
        found = terminal.wait_for(rb"131072 random bytes")
        check(found, f"random bytes go on when their driver dies ({kind})")
        wait_for_restarts(machine, "virtio-rng", i + 1)
        machine.control.ask(f"crash virtio-console {KINDS[-1 - i]}")
        answered, tries = None, 0
        while not answered and tries < 10:
            tries += 1
            terminal.type(b"are you there %d %d\n" % (i, tries))
            answered = terminal.wait_for(rb"ARE YOU THERE %d \d+\n" % i, 2)
        check(answered, f"the terminal goes on when its driver dies ({KINDS[-1 - i]})")
        wait_for_restarts(machine, "virtio-console", i + 1)
    restarts = restarts_of(machine)
    check(restarts["virtio-rng"] == restarts["virtio-console"] == len(KINDS), f"each has died {len(KINDS)} times: {restarts}")


def restarts_of(machine):
    return {one["name"]: one["restarts"] for one in machine.control.ask("domains")["domains"]}


def wait_for_restarts(machine, name, count):
    """One that computes without end is in nobody's way for so long that it would have died by now."""
    deadline = time.monotonic() + 20 * machines.PATIENCE
    while restarts_of(machine)[name] < count and time.monotonic() < deadline:
        time.sleep(0.02)


def silences(check, machine, terminal):
    """What a driver waits for does not come, or it waits for ever by itself."""
    before = restarts_of(machine)
    terminal.type(b"random 262144\n")
    machine.control.ask("crash virtio-rng irq-drop")
    check(terminal.wait_for(rb"524288 random bytes"), "random bytes go on without interrupts of their device")
    machine.control.ask("crash virtio-console irq-drop")
    terminal.type(b"is it on\n")
    check(terminal.wait_for(rb"IS IT ON\n"), "so does the terminal without those of its own")
    check(restarts_of(machine) == before, "nobody has died of it")
    said = machine.said(log=True)
    machine.control.ask("crash virtio-rng hang")
    terminal.type(b"random 65536\n")
    check(terminal.wait_for(rb"131072 random bytes"), "random bytes go on when their driver waits for ever")
    machine.wait_for("(?s)virtio-rng hangs: a call waits in it for the same thing for 800 ms.*?virtio-rng: dies: killed: by supervisor", log=True, since=said)
    after = restarts_of(machine)
    check(after == {**before, "virtio-rng": before["virtio-rng"] + 1}, f"only that one has died: {before}, {after}")


def devices(line, card, source):
    """A source of entropy, and a terminal at whose other end is the character device `line'."""
    options = f"disable-legacy=on,iommu_platform=on,{card}"
    return ["-object", "rng-builtin,id=source", "-device", f"virtio-rng-pci,rng=source,{options},{source}",
            "-chardev", line, "-device", f"virtio-serial-pci,{options}", "-device", "virtconsole,chardev=line"]


def run(tests, build, name, card, source):
    folder = os.path.join(build, "system-tests", "terminal-" + name)
    os.makedirs(folder, exist_ok=True)
    manifest = os.path.abspath(os.path.join(folder, "terminal.toml"))  # the archive goes beside it
    shutil.copy(os.path.join(ROOT, "tests", "system", "terminal.toml"), manifest)
    line = os.path.join(folder, "terminal.sock")
    if os.path.exists(line):
        os.unlink(line)
    extra = devices(f"socket,id=line,path={line},server=on,wait=on", card, source)
    with machines.Machine(build, manifest, folder=folder, memory="128M", extra=extra) as machine:
        def check(good, sentence):
            tests.check(good, f"{name}: {sentence}", "" if good else "\n".join(machine.log_text.splitlines()[-12:]))
        terminal = Terminal(line)
        check(terminal.wait_for(rb"ready\n"), "what is printed arrives")
        talk(check, terminal)
        draw(check, terminal, 4096)
        draw(check, terminal, 262144)
        deaths(check, machine, terminal)
        silences(check, machine, terminal)
        talk(check, terminal)
        terminal.type(b"off\n")
        check(machine.wait(20) == 0, "the system ends in order")


def want(tests, build):
    """A driver that cannot have what it needs to start is started again, as its manifest says, and then given up."""
    folder = os.path.join(build, "system-tests", "terminal-want")
    os.makedirs(folder, exist_ok=True)
    manifest = os.path.abspath(os.path.join(folder, "terminal.toml"))
    with open(os.path.join(ROOT, "tests", "system", "terminal.toml"), encoding="utf-8") as file, open(manifest, "w", encoding="utf-8") as changed:
        changed.write(file.read().replace("answer_ms = 800\n", "caps = 1\n").replace("restart_limit = 1000\n", "restart_limit = 3\n"))
    _, card, source = RUNS[0]
    with machines.Machine(build, manifest, folder=folder, memory="128M", extra=devices("null,id=line", card, source)) as machine:
        machine.wait_for("virtio-rng is given up: it died too often", log=True)
        deaths = machine.log_text.count("virtio-rng: dies: panic: no entropy: a quota is used up")
        tests.check(deaths == 4, f"want: a driver that is short of what it needs is started again three times: {deaths} deaths", machine.log_text[-2000:])


def main():
    tests = Checks()
    options = tests.options(__doc__)
    for name, card, source in RUNS:
        if not tests.wants(f"terminal: {name}"):
            continue
        try:
            run(tests, options.build, name, card, source)
        except (machines.Trouble, OSError) as error:
            tests.check(False, f"{name}: {error}")
    if tests.wants("terminal: want"):
        want(tests, options.build)
    return tests.end()


if __name__ == "__main__":
    sys.exit(main())
