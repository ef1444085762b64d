#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Campaigns of faults (tools/campaign): the parts with made-up evidence, then a short campaign of the disk's driver, and planted bugs that it must
call what they are: a request that goes to a wrong sector is corruption, an answer that says failure is an error that the guest sees."""
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "campaign")]
import console  # noqa: E402  pylint: disable=wrong-import-position
import disk  # noqa: E402  pylint: disable=wrong-import-position
import gdb_remote  # noqa: E402  pylint: disable=wrong-import-position
import once  # noqa: E402  pylint: disable=wrong-import-position
import peer  # noqa: E402  pylint: disable=wrong-import-position
import report  # noqa: E402  pylint: disable=wrong-import-position
from checks import Checks  # noqa: E402  pylint: disable=wrong-import-position
from classify import RECOVERED, classify  # noqa: E402  pylint: disable=wrong-import-position
from faults import MAPPED, Injector, NotTriggered, Plan  # noqa: E402  pylint: disable=wrong-import-position
from world import World  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.environ.get("BUILD", "build")
FOLDER = os.path.join(BUILD, "tests", "campaign")
PROGRAM = os.path.join("tools", "campaign", "campaign.py")
SLOT_MASK = 0xffffffff
WRITE, NONSENSE, FAR = 1, 99, 108 << 11  # types of a request to virtio-blk; a sector where nobody writes
NO_SLOT, EIO = 1000, 0xffffffff & -19  # for bh_ring_end()
FRAME_BEGIN = 256  # bytes of the switch's struct frame, which begins with a frame's first ones


# ---- the client of gdb's protocol, against a stub of a few lines


def stub_of_tests(path, memory):
    """Serves one client: registers that are all 0 until it steps, and memory."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    stepped = []

    def answer(text):
        if text.startswith("qSupported"):
            return "PacketSize=1000"
        if text in ("p0", "p10"):
            return "0*\"00000000" if not stepped else "0100000000000000"  # runs: four zeroes... of sixteen
        if text.startswith("m"):
            at, size = (int(one, 16) for one in text[1:].split(","))
            return memory[at:at + size].hex()
        if text.startswith("M"):
            at = int(text[1:].split(",")[0], 16)
            data = bytes.fromhex(text.split(":")[1])
            memory[at:at + len(data)] = data
            return "OK"
        if text == "s":
            stepped.append(text)
        return {"c": "T05", "s": "T05", "?": "T05"}.get(text, "E01" if text == "Z0,bad,1" else "OK")

    def serve():
        line, pending = listener.accept()[0], b""
        line.sendall(b"+" + gdb_remote.frame("T02"))  # the news that it stopped comes before anything was asked
        try:
            while piece := line.recv(4096):
                pending += piece
                contents, pending = gdb_remote.unframe(pending)
                if contents is not None:
                    framed = gdb_remote.frame(answer(contents))
                    line.sendall(b"+" + framed[:3])  # in two pieces
                    line.sendall(framed[3:])
        except OSError:
            pass
    threading.Thread(target=serve, daemon=True).start()


def refuses(function, *arguments):
    try:
        function(*arguments)
    except gdb_remote.GdbError:
        return True
    return False


def check_gdb(checks):
    path = os.path.join(FOLDER, "stub.sock")
    if os.path.exists(path):
        os.unlink(path)
    memory = bytearray(range(256)) * 16
    stub_of_tests(path, memory)
    stub = gdb_remote.Stub(path, timeout=5)
    checks.check(gdb_remote.expand(b"a0*\"1") == "a0000001", "gdb: runs of a character are expanded")
    checks.check(stub.register("rax") == 0, "gdb: a register is read")
    checks.check(stub.read(0, 2500) == bytes(memory[:2500]), "gdb: memory is read in pieces")
    checks.check(stub.flip_memory(3, 7) == (3, 0x83) and memory[3] == 0x83, "gdb: one bit of memory is flipped")
    checks.check(stub.go(1), "gdb: a stop is noticed")
    stub.break_at(0)
    checks.check(stub.go(1) and stub.register("rip") == 1, "gdb: from a breakpoint it goes on with a step")
    checks.check(refuses(stub.break_at, 0xbad), "gdb: a refusal is an error")
    checks.check(refuses(gdb_remote.unframe, b"$OK#00"), "gdb: a wrong checksum is an error")


# ---- the judge


def check_classes(checks):
    death = [{"domain": "d", "cause": "page fault", "text": "null pointer"}]
    for wanted, evidence in (
            ("no-effect", {}), ("no-effect", {"slowest_us": 500_000}), ("recovered-delay", {"slowest_us": 2_000_000}),
            ("recovered-unseen", {"deaths": death, "slowest_us": 50_000}), ("recovered-unseen", {"breaches": 1}),
            ("recovered-delay", {"deaths": death, "slowest_us": 150_000}), ("given-up", {"deaths": death, "given_up": "d", "errors": 3}),
            ("guest-error", {"errors": 1}), ("guest-error", {"fio": [0, 5]}), ("guest-error", {"fio": []}), ("no-effect", {"fio": [0, 0]}), ("guest-error", {"stuck": 2}), ("guest-error", {"finished": False}),
            ("guest-error", {"kernel_log": ["I/O error"], "deaths": death}), ("corruption", {"errors": 1, "mismatches": 1}), ("corruption", {"fio": [84]}),
            ("corruption", {"disk": ["slot 1"], "given_up": "d"}), ("corruption", {"memory": 1}), ("corruption", {"network_mismatches": 1, "network_errors": 1}),
            ("corruption", {"peer": {"wrong": ["record 1 of stream 1"]}}), ("guest-error", {"network_errors": 1}), ("corruption", {"entropy_mismatches": 1, "entropy_errors": 1}), ("guest-error", {"entropy_errors": 1}), ("corruption", {"console": 1}),
            ("recovered-delay", {"deaths": death, "entropy_slowest_us": 250_000}), ("guest-error", {"peer": {"lost": ["give"]}}),
            ("guest-error", {"peer": {"waiting": 1}}), ("recovered-unseen", {"deaths": death, "network_slowest_us": 150_000}),
            ("recovered-delay", {"deaths": death, "network_slowest_us": 250_000}), ("no-effect", {"network_slowest_us": 900_000}), ("system-lost", {"control": False, "mismatches": 1}),
            ("system-lost", {"running": False, "status": 3}), ("system-lost", {"panic": "PANIC: x"})):
        have, why = classify(evidence, {"slowest_us": 100_000, "network_slowest_us": 200_000, "entropy_slowest_us": 200_000})
        checks.check(have == wanted and (why or wanted == "no-effect"), f"judge: {json.dumps(evidence)} is {wanted}", f"{have}: {why}")


def check_disk(checks):
    """Records as the load would have left them, then with one thing wrong each."""
    base, path = os.path.join(FOLDER, "base.img"), os.path.join(FOLDER, "image.img")
    for name in (base, path):
        with open(name, "wb") as file:
            file.truncate(disk.SIZE)
    flushed = [40, 30, 0, 5]
    places = {}
    with open(path, "r+b") as file:
        for thread, last in enumerate(flushed):
            for number in range(1, last + 1):
                at = disk.RECORDS_AT + (thread * disk.SLOTS + disk.slot_of(thread, number)) * disk.RECORD
                file.seek(at)
                file.write(disk.make_record(thread, number))
                places[thread, number] = at

    def with_change(at, data, known=True):
        with open(path, "r+b") as file:
            file.seek(at)
            before = file.read(len(data))
            file.seek(at)
            file.write(data)
            file.flush()
            wrong = disk.check_image(path, base, flushed, known)
            file.seek(at)
            file.write(before)
        return wrong
    torn = disk.make_record(0, 40)[:2048] + bytes(2048)
    checks.check(disk.check_image(path, base, flushed) == [], "disk: all that was acknowledged is there")
    checks.check(len(with_change(places[0, 40], bytes(4096))) == 1, "disk: a record that is lost is found")
    checks.check(len(with_change(places[0, 40], torn)) == 1, "disk: half a record is found")
    checks.check(len(with_change(places[1, 30], disk.make_record(1, 2))) == 1, "disk: an older record in the place of a newer one is found")
    checks.check(len(with_change(places[0, 40], disk.make_record(1, 1))) == 1, "disk: a record of somebody else is found")
    at = disk.RECORDS_AT + disk.slot_of(0, 41) * disk.RECORD
    checks.check(at in places.values() or with_change(at, disk.make_record(0, 41)) == [], "disk: what was on its way may be there")
    later = next(number for number in range(100, 100000) if disk.slot_of(0, number) == disk.slot_of(0, 40))
    checks.check(len(with_change(places[0, 40], disk.make_record(0, later))) == 1 and with_change(places[0, 40], disk.make_record(0, later), known=False) == [] and
                 len(with_change(places[0, 40], disk.make_record(1, later), known=False)) == 1, "disk: a much later one is wrong, unless nobody knows how far the load was")
    checks.check(len(with_change(50 * disk.MIB + 512, b"x")) == 1, "disk: a sector that nobody may write is found")
    checks.check(with_change(60 * disk.MIB, b"x") == [], "disk: fio's area is fio's")
    for name in (base, path):
        os.unlink(name)


# ---- the network's other end, with a guest of a few lines


class Guest:
    """Serves one peer as the program in the guest does, with one thing done wrong."""

    def __init__(self, wrong):
        self.wrong, self.listener, self.received = wrong, socket.create_server(("127.0.0.1", 0)), 0
        for _ in range(3):
            threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        line = self.listener.accept()[0]
        letter = line.recv(1)
        line.sendall(letter)
        work = {b"g": self.take, b"t": self.give, b"a": self.ask}[letter]
        try:
            work(line)
            line.shutdown(socket.SHUT_WR)
            line.recv(1)
        except OSError:
            pass
        line.close()

    def take(self, line):
        while peer.receive_record(line, peer.IN, self.received + 1):
            self.received += 1

    def give(self, line):
        for number in range(1, 30):
            record = peer.make_record(peer.OUT, number)
            if (number, self.wrong) == (20, "skips"):
                continue
            if (number, self.wrong) == (20, "byte"):
                record = record[:-1] + bytes([record[-1] ^ 1])
            if (number, self.wrong) == (20, "closes"):
                return line.sendall(record[:20])
            line.sendall(record)
        if self.wrong == "waits":
            time.sleep(2)
        return line.sendall(peer.make_record(peer.OUT, 30 | peer.LAST))

    def ask(self, line):
        for number in range(1, 30):
            line.sendall(peer.make_record(peer.ASK, number))
            peer.receive_record(line, peer.ANSWER, number)
        line.sendall(peer.make_record(peer.ASK, 30 | peer.LAST))


def check_peer(checks):
    for wrong, name, judge in (("", "all comes to a good end", lambda one: not one["wrong"] and not one["lost"] and not one["waiting"] and one["records"]["out"] == 29),
                               ("byte", "a wrong byte is found", lambda one: "20 of stream 1 is another one in its body" in one["wrong"][0]),
                               ("skips", "a record that is left out is found", lambda one: "20 of stream 1 is another one in its head" in one["wrong"][0]),
                               ("closes", "a connection that ends in a record is lost", lambda one: len(one["lost"]) == 1 and "take" in one["lost"][0]),
                               ("waits", "one that does not end is told of", lambda one: one["waiting"] == 1)):
        guest = Guest(wrong)
        host = peer.Peer(guest.listener.getsockname()[1])
        flows = host.flows(5)
        one = host.finish(1)
        host.close()
        guest.listener.close()
        checks.check((flows or wrong) and judge(one) and one["records"]["in"] == guest.received, f"network: {name}", json.dumps(one))


def check_console(checks):
    parts = [f"@T {number} 5 0 0\n@X a word\n" for number in range(5)]
    lines = [f"@C {number} {zlib.crc32(part.encode()):08x}\n" for number, part in enumerate(parts, 1)]
    text = "of an earlier one\n" + "".join(part + line for part, line in zip(parts, lines)) + "@T 5"
    for wanted, have, sentence in ((0, text, "what came as it was printed is well"), (1, text.replace("@T 2", "@T 3"), "a changed letter is found"),
                                   (1, text.replace(lines[2], ""), "a lost line is found"), (1, text.replace(parts[2] + lines[2], ""), "a lost part is found"),
                                   (1, text.replace(parts[3], parts[3][:5] + parts[3]), "a piece that came twice is found")):
        checks.check(console.damaged(have) == wanted, f"console: {sentence}", f"{console.damaged(have)}: {have}")
    checks.check(console.more_than_deaths_explain(text.replace("@T", "@S"), 2) == 0 and console.more_than_deaths_explain(text.replace("@T", "@S"), 1) == 2,
                 "console: deaths excuse some of it")


def check_plans(checks):
    functions = [(i, f"f{i}") for i in range(20)]
    plans = [Plan("d", "register", 7, functions) for _ in range(2)]
    same = [(one.places, one.hit, one.steps, one.chance.random()) for one in plans]
    checks.check(same[0] == same[1], "a seed decides everything")
    other = Plan("d", "register", 8, functions)
    checks.check((other.places, other.hit, other.steps) != same[0][:3], "another seed decides otherwise")


# ---- the whole


def campaign(*words):
    return subprocess.run([sys.executable, PROGRAM, "virtio-blk", "--build", BUILD, "--name", "of-tests", *words], capture_output=True, text=True,
                          timeout=240, check=False, cwd=ROOT)


def check_campaign(checks):
    result = campaign("--runs", "3", "--seed", "1", "--faults", "register,null,text", "--undisturbed", "1")
    folder = os.path.join(BUILD, "campaign", "of-tests")
    checks.check(result.returncode == 0 and "3 of 3 runs without anything the guest could see" in result.stdout, "a campaign of three faults is recovered from",
                 result.stdout + result.stderr)
    runs = report.read_runs(folder)
    with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
        summary = json.load(file)
    checks.check(summary["runs"] == 3 and sum(summary["total"].values()) == 3 and len(report.judged(runs)) == 3, "its report counts what was run", json.dumps(summary))
    crashed = [one for one in runs if one["kind"] == "null"]
    checks.check(crashed and crashed[0]["deaths"][0]["cause"] == "page fault", "the driver died of its null pointer", json.dumps(crashed))
    for name in ("report.html", "summary.svg"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            checks.check("virtio-blk" in file.read(), f"{name} is there")
    process = subprocess.Popen([sys.executable, PROGRAM, "virtio-blk", "--build", BUILD, "--name", "of-tests", "--runs", "50", "--faults", "register,null,text",
                                "--resume"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 120
    while len(report.read_runs(folder)) < len(runs) + 1 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    checks.check(process.returncode == 0 and "--resume goes on" in said and re.search(r" of ([3-9]|1\d) runs", said), "Ctrl-C ends it with a report", said)


class Bug(Injector):
    """A bug that is planted where the domain enters one of its functions."""

    def start_of(self, function):
        return self.world.base + next(start for start, _, name in self.world.symbols if name == function)

    def arrives(self, function):
        """Whether it enters that function next, and stands there."""
        address = self.start_of(function)
        self.stub.break_at(address)
        there = self.stub.go(5)
        self.stub.clear(address)
        return there


class Planted(Bug):
    """A driver with a bug: it changes one request for a write after it was built, and compared with the ring's."""

    def __init__(self, *arguments, change):
        super().__init__(*arguments)
        self.change = change

    def mapped(self):
        """Of the domain's pages: the address by the one that devices use."""
        pages = {}
        for line in self.machine.qmp.human("info tlb").splitlines():
            match = MAPPED.match(line)
            if match and int(match.group(1), 16) & ~SLOT_MASK == self.world.base:
                pages[int(line.split()[1], 16)] = int(match.group(1), 16)
        return pages

    def harm(self):
        for _ in range(200):
            if not self.arrives("virtqueue_write"):
                break
            first = int.from_bytes(self.stub.read(self.world.base + (self.stub.register("rsi") & SLOT_MASK), 8), "little")
            header = self.mapped()[first & ~0xfff] + (first & 0xfff)
            if not self.arrives("virtqueue_publish"):
                break
            if int.from_bytes(self.stub.read(header, 4), "little") == WRITE:
                self.change(self.stub, header)
                self.stub.leave()
                return {"what": "planted"}
        raise NotTriggered("the driver builds no write")


class ChangesFrame(Bug):
    """A switch with a bug: it changes a record in a frame of one direction."""

    def __init__(self, *arguments, stream):
        super().__init__(*arguments)
        self.mark = peer.MAGIC.to_bytes(8, "little") + stream.to_bytes(8, "little")

    def harm(self):
        self.stub.break_at(self.start_of("deliver"))
        for _ in range(400):
            if not self.stub.go(5):
                break
            frame = self.world.base + (self.stub.register("rsi") & SLOT_MASK)
            at = self.stub.read(frame, FRAME_BEGIN).find(self.mark)
            if at >= 0:
                self.stub.flip_memory(frame + at + len(self.mark), 0)
                self.stub.leave()
                return {"what": "planted"}
        raise NotTriggered("no such record passes the switch")


class EndsBadly(Bug):
    """A driver with a bug where it completes requests: spoil()."""

    times = 1

    def harm(self):
        for _ in range(self.times):
            if not self.arrives("bh_ring_end"):
                raise NotTriggered("the driver completes nothing")
            self.spoil()
        self.stub.leave()
        return {"what": "planted"}

    def spoil(self):
        raise NotImplementedError


class AnswersError(EndsBadly):
    """It says of requests that were done that they failed: of so many that some are fio's, and some of the load's threads."""

    times = 32

    def spoil(self):
        self.stub.set_register("rdx", EIO)


class LosesTrack(EndsBadly):
    """It completes a slot that there is not, and forgets the one that it meant."""

    def spoil(self):
        self.stub.set_register("rsi", NO_SLOT)


class Leaves(EndsBadly):
    """It goes where no verified code goes: to address 0, as when an index in a jump flips."""

    def spoil(self):
        self.stub.set_register("rip", 0)


class CallsSystem(EndsBadly):
    """An instruction of it has become `syscall'."""

    def spoil(self):
        self.stub.write(self.stub.register("rip"), b"\x0f\x05")


class Returns(Bug):
    """A domain of which one function's code has become a return."""

    def __init__(self, *arguments, function):
        super().__init__(*arguments)
        self.function = function

    def harm(self):
        if not self.arrives(self.function):
            raise NotTriggered(f"{self.world.name} does not enter {self.function}")
        self.stub.write(self.stub.register("rip"), b"\xc3")
        self.stub.leave()
        return {"what": "planted"}


def planted(domain, injector, **options):
    """The record of a run with a planted bug."""
    folder = os.path.join(FOLDER, "planted")

    def harm(world, machine, plan_of):
        return injector(world, machine, gdb_remote.Stub(machine.path("gdb.sock")), Plan(world.name, *plan_of, world.functions), **options).harm()
    one = once.run_once(World(BUILD, "linux", domain).prepare(), ("planted", 1), folder, {}, harm=harm)
    shutil.rmtree(folder, ignore_errors=True)
    return one


def check_ends(checks):
    tells_nobody = functools.partial(Returns, function="bh_block_tell")
    for injector, words, sentence in ((LosesTrack, "cannot be completed", "a driver that loses track of its requests ends, and none is lost"),
                                      (Leaves, "page fault", "one that jumps out of its slot dies, and the kernel does not"),
                                      (tells_nobody, "does not tell of", "one that works and tells nobody is ended by its client"),
                                      (CallsSystem, "undefined instruction", "one whose text makes a system call dies, and the kernel does not")):
        one = planted("virtio-blk", injector)
        checks.check(one["class"] == "recovered-unseen" and words in one["why"], sentence, json.dumps(one))


def check_planted(checks):
    def wrong_sector(stub, header):
        sector = int.from_bytes(stub.read(header + 8, 8), "little")
        stub.write(header + 8, (FAR + sector % 4096).to_bytes(8, "little"))

    def wrong_type(stub, header):
        stub.write(header, NONSENSE.to_bytes(4, "little"))
    for wanted, change in (("corruption", wrong_sector), ("recovered-unseen", wrong_type)):
        one = planted("virtio-blk", Planted, change=change)
        checks.check(one["class"] == wanted and "has changed since it was compared" in json.dumps(one["deaths"]), f"{change.__name__}: {wanted}", json.dumps(one))
    one = planted("virtio-blk", AnswersError)
    checks.check(one["class"] == "guest-error" and one["errors"] and any(one["fio"]), "answers that are errors: guest-error", json.dumps(one))


def check_changed_frames(checks):
    one = planted("switch", ChangesFrame, stream=peer.OUT)
    checks.check(one["class"] == "corruption" and "is another one in its head" in one["why"], "a frame that changes before it has a checksum: corruption", json.dumps(one))
    one = planted("switch", ChangesFrame, stream=peer.IN)
    checks.check(one["class"] in RECOVERED and one["peer"]["records"]["in"] > 0, "one that changes under its checksum: the guest drops it, and gets it again",
                 json.dumps(one))


def check_wrong_code(checks):
    one = planted("switch", Returns, function="complete_checksum")
    checks.check(one["class"] in RECOVERED and "known frame" in one["why"], "a switch that makes wrong frames notices it, and is started again", json.dumps(one))


def check_boots(checks):
    """A machine that cannot be saved goes on from run to run."""
    world, folder = World(BUILD, "linux", "nvme", choose=["disk=nvme"]).prepare(), os.path.join(FOLDER, "boots")

    def write_behind_its_back(_, machine, plan_of):
        with open(machine.disk, "r+b") as image:
            image.seek(disk.SIZE - 1)
            image.write(b"!")
        machine.qmp.ask("cont")
        return {"what": plan_of[0]}
    one = once.run_once(world, ("panic", 1), folder, {})
    checks.check(one["class"] == "recovered-unseen" and one["run_of_machine"] == 1, "the first run of a booted machine: its driver dies", json.dumps(one))
    one = once.run_once(world, None, folder, {})
    checks.check(one["class"] == "no-effect" and one["run_of_machine"] == 2 and min(one["flushed"]) > 0, "the second does not count what died in the first", json.dumps(one))
    one = once.run_once(world, ("planted", 1), folder, {}, harm=write_behind_its_back)
    checks.check(one["class"] == "corruption" and one["run_of_machine"] == 3 and not world.kept, "the third ends the machine: a sector changed that nobody wrote", json.dumps(one))
    shutil.rmtree(folder, ignore_errors=True)


def main():
    checks = Checks("campaign")
    checks.options(__doc__, build=False)
    os.chdir(ROOT)
    os.makedirs(FOLDER, exist_ok=True)
    for part in (check_gdb, check_classes, check_disk, check_plans, check_campaign, check_peer, check_console, check_planted, check_ends, check_changed_frames, check_wrong_code, check_boots):
        if checks.wants(checks.name(part)):
            part(checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
