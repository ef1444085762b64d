# SPDX-License-Identifier: MIT
"""The system under attack: booted once with its guest under load, saved, and loaded again for each run.

The machine's memory lies in a file that every run maps privately, so that a run begins within a second, and always at the same instruction. QEMU
counts instructions as time while the machine is busy (-icount): how busy the host is changes no time-out of the guest's or of a domain's.
A machine with a device that cannot be saved (QEMU's nvme) is booted, and goes on from run to run as long as all is well.
"""
import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "run"))
from machine import Control, Machine, Trouble  # noqa: E402  pylint: disable=wrong-import-position
import disk  # noqa: E402  pylint: disable=wrong-import-position
import entropy  # noqa: E402  pylint: disable=wrong-import-position
from gdb_remote import Stub  # noqa: E402  pylint: disable=wrong-import-position
from peer import FORWARD, Peer, port_of  # noqa: E402  pylint: disable=wrong-import-position
from qmp import Qmp, QmpError  # noqa: E402  pylint: disable=wrong-import-position

MEMORY = "768M"
SLOT_AREA, SLOT_SIZE = 0x100000000000, 1 << 32
KERNEL_TEXT = (0x100000, 0x400000)
DISK_OPERATIONS = 2000  # a second: a disk that takes its time, so that requests are in flight
COUNTING = ["-icount", "shift=3,sleep=on"]  # 8 ns an instruction: about as fast as one is emulated, so that the guest's time is near the host's
LOAD_TICKS, LOAD_TICKS_BOOTED = 8, 3  # before the machine is saved; before each run of one that cannot be
CANNOT_BE_SAVED = ("nvme",)  # devices of QEMU 7.2
RUNS_OF_A_BOOT = 10  # of a machine that cannot be saved: restart limits are far, and what a fault left behind unseen does not stay for long
ENTROPY_PIPE = "entropy.pipe"
FIRST_TOKEN, FIRST_TOKEN_LOADED = 1, 1 << 40  # a machine that was loaded had earlier ones before
PROFILE_HITS, PROFILE_TIMEOUT = 4, 3
FLOW_TIMEOUT = 60
TICK = re.compile(r"^@T (\d+)((?: \d+)+) (\d+) (\d+) (\d+)$", re.M)
NETWORK_TICK = re.compile(r"^@N (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.M)
ENTROPY_TICK = re.compile(r"^@R (\d+) (\d+) (\d+) (\d+) (\d+)$", re.M)


def readelf():
    tool = shutil.which("llvm-readelf-19") or shutil.which("readelf")
    if not tool:
        raise Trouble("llvm-readelf-19 is missing; tools/setup.sh installs it")
    return tool


def symbol_lines(elf):
    """What an ELF file says of each of its symbols: (number, value, size, type, binding, visibility, section, name)."""
    lines = subprocess.run([readelf(), "-sW", elf], capture_output=True, text=True, check=True).stdout.splitlines()
    return [fields for fields in map(str.split, lines) if len(fields) == 8]


def symbols_of(elf):
    """Functions of an ELF file: [(address, size, name)], sorted."""
    return sorted({(int(fields[1], 16), int(fields[2], 0), fields[7]) for fields in symbol_lines(elf)
                   if fields[3] == "FUNC" and fields[6] != "UND" and int(fields[2], 0)})


def kernel_symbols(elf):
    """Where the kernel has what faults of interrupts look for."""
    found = {}
    for fields in symbol_lines(elf):
        if fields[7] in ("signal", "domains") and fields[3] in ("FUNC", "OBJECT"):
            if fields[7] in found:
                raise Trouble(f"{elf} has several symbols `{fields[7]}': tools/campaign/faults.py must learn to tell them apart")
            found[fields[7]] = int(fields[1], 16)
    return found


def segments_of(elf):
    """Offsets of an image's text and of its data, each (start, end)."""
    text = data = (0, 0)
    for line in subprocess.run([readelf(), "-lW", elf], capture_output=True, text=True, check=True).stdout.splitlines():
        fields = line.split()
        if fields and fields[0] == "LOAD":
            start, size, flags = int(fields[2], 16), int(fields[5], 16), "".join(fields[6:-1])
            if "E" in flags:
                text = (start, start + size)
            elif "W" in flags:
                data = (start, start + size)
    return text, data


class Subject(Machine):
    """The machine of one run."""

    def __init__(self, world, folder, incoming):
        super().__init__(world.build, world.system, **world.options(folder, incoming))
        self.qmp = self.peer = self.entropy = None
        self.first_token = FIRST_TOKEN_LOADED if incoming else FIRST_TOKEN
        self.runs, self.began = 1, 0  # since it was booted or loaded; where the console's text of this one begins
        self.before = {}              # what the control line said of the domains before it, by name

    def start(self):
        self.entropy = entropy.Source(self.path(ENTROPY_PIPE), self.first_token)
        super().start()
        self.qmp = Qmp(self.path("steering.sock"))
        return self

    def stop(self):
        if self.qmp:
            self.qmp.close()
            self.qmp = None
        super().stop()
        if self.peer:
            self.peer.close()
        if self.entropy:
            self.entropy.close()
            self.entropy = None

    def text(self):
        """What the console said in this run."""
        return super().text()[self.began:]

    def begin_again(self, name):
        """Another run, with a fresh instance of the domain; the load has ended, and the machine stands still."""
        disk.clear_areas(self.disk)
        self.runs += 1
        self.began = len(super().text())
        self.peer.close()
        self.qmp.ask("cont")
        self.control.ask(f"restart {name}")
        self.send("g\n")

    def rest(self):
        """Stand still after a run, with nothing on its way to the disk. Whether it does."""
        if not self.running():
            return False
        self.release_control()
        self.qmp.ask("stop")
        return True

    def note_domains(self):
        self.before = {one["name"]: one for one in self.control.ask("domains")["domains"]}
        self.release_control()

    def connect(self):
        """Begin the load on the network; the machine stands still again afterwards."""
        self.qmp.ask("cont")
        self.peer = Peer(port_of(self))
        if not self.peer.flows(FLOW_TIMEOUT):
            raise Trouble(f"the load on the network does not begin: {self.peer.finish(0)}; the guest's console: {self.path('console.log')}")
        self.qmp.ask("stop")

    @property
    def control(self):
        if not self._control:
            self._control = Control(self.path("control.sock"), timeout=20)
        return self._control

    def ticks(self):
        """Lines of the load: [(ms, [flushed], slowest in us, errors, mismatches)]."""
        return [(int(ms), [int(one) for one in flushed.split()], int(slowest), int(errors), int(mismatches))
                for ms, flushed, slowest, errors, mismatches in TICK.findall(self.text())]

    def network_ticks(self):
        """Of its network part: [(ms, received, sent, slowest in us, errors, mismatches)]."""
        return [tuple(int(one) for one in found) for found in NETWORK_TICK.findall(self.text())]

    def entropy_ticks(self):
        """Of its entropy part: [(ms, reads, slowest in us, errors, mismatches)]."""
        return [tuple(int(one) for one in found) for found in ENTROPY_TICK.findall(self.text())]

    def wait_for_ticks(self, count, timeout):
        """Whether so many lines of the load are there in time."""
        deadline = time.monotonic() + timeout
        while len(self.ticks()) < count:
            if time.monotonic() > deadline or not self.running():
                return False
            time.sleep(0.05)
        return True

    def domain(self, name):
        return next((one for one in self.control.ask("domains")["domains"] if one["name"] == name), None)


def functions_entered(world):
    """Functions that the domain enters under load, often enough to be waited for: [(offset, name)]."""
    machine = world.restore(world.path("profile"))
    entered, often = {}, []
    try:
        stub = Stub(machine.path("gdb.sock"))
        places = {world.base + start: name for start, _, name in world.symbols if not name.startswith("__cfi_")}
        for address in places:
            stub.break_at(address)
        while len(entered) < len(places) and stub.go(PROFILE_TIMEOUT):
            at = stub.register("rip")
            if at not in places:
                raise Trouble(f"the machine stopped at 0x{at:x}, where it was not told to")
            entered[at] = entered.get(at, 0) + 1
            if entered[at] == PROFILE_HITS:
                stub.clear(at)
                often.append((at - world.base, places[at]))
        stub.leave()
    finally:
        machine.stop()
    if not often:
        raise Trouble(f"{world.name} does nothing under this load: none of its functions is entered {PROFILE_HITS} times")
    return sorted(often)


class World:
    def __init__(self, build, system, name, **options):
        self.build, self.system, self.name = build, system, name
        self.choose = options.get("choose") or []
        self.disk = options.get("disk") or os.path.join(build, "guest", "campaign.img")
        self.say = options.get("say", lambda text: None)
        self.extra = options.get("extra", [])
        self.settings = ["vmm.cmdline=console=ttyS0 quiet panic=-1"]
        self.folder = os.path.join(build, "campaign", "worlds", "-".join([os.path.basename(system).removesuffix(".toml"), *(one.split("=")[-1] for one in self.choose)]))
        probe = Machine(build, system, choose=self.choose)
        self.boots = probe.disk_driver in CANNOT_BE_SAVED
        self.kept = {}  # machines that go on, by folder
        domains = probe.domains()
        if name not in domains:
            raise Trouble(f"the system {system} has no domain \"{name}\"; it has {', '.join(domains)}" + ("; try DISK=nvme" if name == "nvme" else ""))
        self.image = os.path.join(build, "domains", domains[name].get("image", name) + ".elf")
        self.symbols = symbols_of(self.image)
        self.text, self.data = segments_of(self.image)
        self.kernel, self.first_slot = kernel_symbols(os.path.join(build, "pc", "bulkhead.elf")), SLOT_AREA
        self.base = None     # slot of the domain, and
        self.functions = []  # those that it enters under load: (offset, name), once that is known

    def options(self, folder, incoming):
        memory = f"memory-backend-file,id=ram,size={MEMORY},mem-path={self.path('ram')},share={'off' if incoming else 'on'}"
        if self.boots:
            memory = f"memory-backend-ram,id=ram,size={MEMORY}"
        extra = ["-object", memory, "-gdb", f"unix:{os.path.join(folder, 'gdb.sock')},server=on,wait=off",
                 "-qmp", f"unix:{os.path.join(folder, 'steering.sock')},server=on,wait=off", *COUNTING, *self.extra]
        if incoming and not self.boots:
            extra += ["-incoming", "defer"]
        return {"folder": folder, "disk": os.path.join(folder, "disk.img"), "memory": MEMORY, "machine": "q35,memory-backend=ram", "wants_disk": True, "choose": self.choose,
                "settings": self.settings, "network_options": [FORWARD], "entropy_source": entropy.options(os.path.join(folder, ENTROPY_PIPE)), "archive": self.path("archive") if os.path.exists(self.path("archive")) else None,
                "drive_options": ["cache=unsafe", f"throttling.iops-total={DISK_OPERATIONS}"], "extra": extra}

    def path(self, name):
        return os.path.join(self.folder, name)

    def base_disk(self, machine):
        """What a run's disk was at its beginning, outside of what the load writes."""
        return machine.path("base.img") if self.boots else self.path("disk.img")

    # ---- once

    def key(self, archive):
        """Of all that the saved machine depends on."""
        sums = hashlib.sha256(json.dumps([MEMORY, COUNTING, DISK_OPERATIONS, LOAD_TICKS, self.extra]).encode())
        for path in (os.path.join(self.build, "pc", "bulkhead.elf"), archive, self.disk):
            with open(path, "rb") as file:
                sums.update(hashlib.file_digest(file, "sha256").digest())
        return sums.hexdigest()

    def prepare(self):
        """Boot, let the load begin, save; or nothing, when that was done and is still right."""
        os.makedirs(self.folder, exist_ok=True)
        with open(self.path("lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # campaigns of several domains may begin at the same time
            self.prepare_alone()
        return self

    def prepare_alone(self):
        probe = Machine(self.build, self.system, folder=self.folder, settings=self.settings, choose=self.choose)
        archive = probe.make_archive()
        key = self.key(archive)
        try:
            with open(self.path("saved.json"), encoding="utf-8") as file:
                saved = json.load(file)
        except (OSError, ValueError):
            saved = {}
        if saved.get("key") != key:
            shutil.copyfile(archive, self.path("archive"))
            saved = {"key": key, **self.save()}
            with open(self.path("saved.json"), "w", encoding="utf-8") as file:
                json.dump(saved, file)
        self.base = SLOT_AREA + saved["slots"][self.name] * SLOT_SIZE
        if self.name not in saved.setdefault("functions", {}):
            self.say(f"looking which functions {self.name} enters under load")
            saved["functions"][self.name] = functions_entered(self)
            with open(self.path("saved.json"), "w", encoding="utf-8") as file:
                json.dump(saved, file)
        self.functions = saved["functions"][self.name]

    def save(self):
        self.say("booting the system once, to its guest under load")
        shutil.copyfile(self.disk, self.path("disk.img"))
        if os.path.exists(self.path("ram")):
            os.unlink(self.path("ram"))
        with Subject(self, self.folder, incoming=False) as machine:
            self.wait_for_load(machine)
            slots = {one["name"]: one["id"] for one in machine.control.ask("domains")["domains"]}
            machine.release_control()
            if self.boots:
                return {"slots": slots}
            self.stop_outside_the_guest(machine)
            machine.qmp.save(self.path("state"))
            machine.qmp.ask("quit")
            machine.process.wait(10)
        return {"slots": slots}

    def wait_for_load(self, machine):
        machine.wait_for("campaign: the load starts", 180)
        if not machine.wait_for_ticks(LOAD_TICKS_BOOTED if self.boots else LOAD_TICKS, 120):
            raise Trouble(f"the guest's load does not begin; its console: {machine.path('console.log')}")

    @staticmethod
    def stop_outside_the_guest(machine):
        """QEMU can save a machine with a guest of its own only while that does not run."""
        chance = random.Random(1)
        for _ in range(500):
            machine.qmp.ask("stop")
            at = int(re.search(r"RIP=([0-9a-f]+)", machine.qmp.human("info registers")).group(1), 16)
            if KERNEL_TEXT[0] <= at < KERNEL_TEXT[1] or SLOT_AREA <= at < SLOT_AREA + 64 * SLOT_SIZE:
                return
            machine.qmp.ask("cont")
            time.sleep(chance.uniform(0.001, 0.01))
        raise Trouble("the machine could not be stopped outside of its guest")

    # ---- for each run

    def restore(self, folder):
        """A machine that stands still, under load."""
        machine = self.kept.pop(folder, None) or self.make(folder)
        try:
            if machine.process:
                machine.begin_again(self.name)
            else:
                machine.start()
            if self.boots:
                self.wait_for_load(machine)
                machine.note_domains()
                machine.qmp.ask("stop")
                if machine.runs == 1:  # later ones must leave the same
                    shutil.copyfile(machine.path("disk.img"), self.base_disk(machine))
            else:
                machine.qmp.load(self.path("state"))
            machine.connect()
        except (QmpError, OSError) as error:
            machine.stop()
            raise Trouble(f"the saved machine cannot be loaded: {error}; {machine.emulator_says()}") from error
        except BaseException:
            machine.stop()
            raise
        return machine

    def make(self, folder):
        os.makedirs(folder, exist_ok=True)
        shutil.copyfile(self.disk if self.boots else self.path("disk.img"), os.path.join(folder, "disk.img"))
        return Subject(self, folder, incoming=True)

    def keep(self, machine):
        """For the next run in its folder: it stands still, its load has ended, and nothing was wrong."""
        self.kept[machine.folder] = machine

    def drop(self, folder):
        """No more runs in that folder."""
        if folder in self.kept:
            self.kept.pop(folder).stop()
