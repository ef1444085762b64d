#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Upgrades of the disk's driver under a guest that writes, reads back and compares: good images, and bad ones, which are taken back. docs/recovery.md is
what is checked here."""
import argparse
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, one) for one in ("tests", os.path.join("tools", "bhctl"), os.path.join("tools", "run"), os.path.join("tools", "demo"))]
import demo  # noqa: E402 (the folders had to be found first)
import upgrade  # noqa: E402
from checks import Checks  # noqa: E402
from machine import Control, Machine, Trouble  # noqa: E402

BAD = {"panic": "it ended: panic", "exit": "it ended: exit", "loop": "it ended: watchdog", "unserved": "it does not serve disk-info",
       "sleep": "requests wait on ring disk, and it answered none", "error": "it ended: protocol violation"}

MANIFEST = os.path.join(ROOT, "tests", "system", "recovery.toml")
KINDS = ("null", "divide", "panic", "undefined", "data-stack")


class Sayings(Checks):
    def says(self, sentence, good, detail=""):
        self.check(good, sentence, detail)


class World:
    """`options': of the command line (Checks.options)."""

    def __init__(self, options, folder):
        self.options, self.build, self.folder = options, options.build, os.path.join(options.build, folder)
        os.makedirs(self.folder, exist_ok=True)
        self.driver = os.path.join(self.build, "domains", "virtio-blk.elf")

    def path(self, name):
        return os.path.join(self.folder, name)

    def manifest(self, name, *replaced, change=None, more="", source=MANIFEST):
        """A system like that of recovery.toml: `replaced' are pairs of a text that stands there once and the other one, `change' is a function of the whole text,
        `more' comes behind it."""
        with open(source, encoding="utf-8") as file:
            text = file.read()
        text = (change(text) if change else text) + more
        for old, new in replaced:
            assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {source}"
            text = text.replace(old, new)
        with open(self.path(name + ".toml"), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name + ".toml")

    def bhctl(self, *words):
        return subprocess.run([sys.executable, os.path.join(ROOT, "tools", "bhctl", "bhctl.py"), *words, "--json", "--socket", self.path("control.sock"), "--build",
                               self.build], capture_output=True, text=True, timeout=120, check=False)

    def upgrade(self, machine, domain, image):
        """The same without another process."""
        machine.release_control()
        try:
            arguments = argparse.Namespace(domain=domain, image=image, list=False)
            control = Control(self.path("control.sock"), timeout=20)
            try:
                return upgrade.upgrade(control, arguments)[0]
            finally:
                control.close()
        except Trouble as trouble:
            return {"ok": False, "error": str(trouble)}

    def patched(self, name, image, old, new):
        """An image with other bytes of the same length in one place."""
        data = open(os.path.join(self.build, "domains", image + ".elf"), "rb").read()
        assert data.count(old) == 1 and len(old) == len(new), f"{old!r} is {data.count(old)} times in {image}"
        with open(self.path(name), "wb") as file:
            file.write(data.replace(old, new))
        return self.path(name)

    def other_driver(self, image="virtio-blk"):
        return self.patched(f"other-{image}.elf", image, b"%llu sectors, %u segments", b"%llu SECTORS, %u segments")

    def changed(self, name, change):
        """The driver's image, changed in place by a function."""
        data = bytearray(open(self.driver, "rb").read())
        change(data)
        with open(self.path(name), "wb") as file:
            file.write(data)
        return self.path(name)

    def impostor(self, way):
        return self.patched(f"impostor-{way}.elf", "impostor", b"impostor does: panic\0\0\0\0\0", f"impostor does: {way}".encode().ljust(25, b"\0"))


def answer_of(done):
    return json.loads(done.stdout) if done.stdout.strip() else {"ok": False, "error": done.stderr}


def build_of(path):
    return upgrade.build_of(open(path, "rb").read())


def running_build(world, domain):
    return next(one["image"] for one in answer_of(world.bhctl("domains"))["domains"] if one["name"] == domain)


def segments_of(data):
    """Where each header of a segment stands, with its kind and flags."""
    headers, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    return [(headers + i * size, *struct.unpack_from("<II", data, headers + i * size)) for i in range(count)]


def forbidden_instruction(data):
    for at, kind, flags in segments_of(data):
        if kind == 1 and flags & 1:
            offset, = struct.unpack_from("<Q", data, at + 8)
            data[offset:offset + 2] = b"\x0f\x05"


def much_memory(data):
    last = max((struct.unpack_from("<Q", data, at + 16)[0], at) for at, kind, flags in segments_of(data) if kind == 1 and flags & 2)[1]
    struct.pack_into("<Q", data, last + 40, 16 << 20)


def other_messages(data):
    for note in re.finditer(b"BlockRing\0", bytes(data)):
        struct.pack_into("<Q", data, note.start() - 8, 0x0123456789ABCDEF)


def refusals(world, checks):
    """Nothing changes then."""
    before = running_build(world, "virtio-blk")
    text = world.path("no-elf")
    open(text, "w", encoding="utf-8").write("no image\n")
    domains = os.path.join(world.build, "domains")
    for what, words, message in (
            ("what is no image", ("virtio-blk", text), "not an ELF image"),
            ("an unknown domain", ("nobody", world.driver), "there is no domain \"nobody\""),
            ("the kernel", ("kernel", world.driver), "kernel is no domain"),
            ("the supervisor", ("supervisor", os.path.join(domains, "supervisor.elf")), "decides itself whether an upgrade is kept"),
            ("code that is not verified", ("virtio-blk", world.changed("syscall.elf", forbidden_instruction)), "virtio-blk|syscall.elf: .*0x"),
            ("more memory than its quota", ("virtio-blk", world.changed("large.elf", much_memory)), r"its image needs \d{8} bytes, its memory quota is 4194304"),
            ("other messages on rings", ("virtio-blk", world.changed("messages.elf", other_messages)),
             "rings of type BlockRing have fingerprint 0123456789abcdef in its image and [0-9a-f]{16} in the kernel"),
            ("code of another mechanism of isolation", ("virtio-blk", os.path.join(domains, "virtio-blk-plain.elf")), "an image of the plain flavour, which sfi does not confine"),
            ("an image without the interface", ("virtio-blk", os.path.join(domains, "hello.elf")), "serves no interface Block, which port disk-info has")):
        if not os.path.exists(words[1]):
            continue
        answer = answer_of(world.bhctl("upgrade", *words))
        checks.says(f"upgrade-refuses-{what.replace(' ', '-')}", not answer["ok"] and re.search(message, answer["error"]), str(answer))
    checks.says("a-refused-upgrade-changes-nothing", running_build(world, "virtio-blk") == before, running_build(world, "virtio-blk"))


def good_upgrades(world, machine, checks):
    """Back and forth between two builds."""
    other = world.other_driver()
    builds = [build_of(world.driver), build_of(other)]
    wrong = []
    count = world.options.upgrades
    for number in range(1, count + 1):
        answer = world.upgrade(machine, "virtio-blk", (world.driver, other)[number % 2])
        if not answer["ok"] or answer["build"] != builds[number % 2]:
            wrong.append(f"upgrade {number}: {answer}")
    checks.says("upgrades-back-and-forth-under-load", not wrong, "\n".join(wrong))
    machine.poll_log()
    checks.says("each-build-says-its-own-words", machine.log_text.count(" SECTORS, ") == count // 2, machine.log_text[-2000:])
    machine.release_control()
    listed = {one["domain"]: one for one in answer_of(world.bhctl("upgrade", "--list"))["images"]}
    checks.says("the-list-counts-them", listed["virtio-blk"]["upgrades"] == count and listed["virtio-blk"]["rollbacks"] == 0, str(listed))


def bad_upgrades(world, machine, checks, ways):
    before = running_build(world, "virtio-blk")
    for way in ways:
        answer = world.upgrade(machine, "virtio-blk", world.impostor(way))
        machine.poll_log()
        told = f"failed its trial: {BAD[way]}" in machine.log_text
        checks.says(f"an-image-that-fails-by-{way}-is-taken-back", not answer["ok"] and "failed its trial" in answer["error"] and told,
                    f"{answer}\n{machine.log_text[-2500:]}")
    machine.release_control()
    checks.says("what-worked-before-is-back", running_build(world, "virtio-blk") == before)
    world.bhctl("crash", "virtio-blk")
    machine.wait_for("virtio-blk: restarted: ", log=True)
    checks.says("a-later-restart-uses-the-image-that-works", running_build(world, "virtio-blk") == before)


def upgrade_of(world, checks, domain, image, old=b"\0a quota is used up\0", new=b"\0a quota is used UP\0"):
    """Any domain whose image has this text once, which all with messages of errors have."""
    other = world.patched(f"other-{image}.elf", image, old, new)
    answer = answer_of(world.bhctl("upgrade", domain, other))
    checks.says(f"{domain}-is-upgraded", answer["ok"] and running_build(world, domain) == build_of(other), str(answer))


SAYS = r": (\d+) requests, (\d+) flushes, (\d+) errors, (\d+) mismatches, slowest (\d+) ms"


def all_counted(log, name="clerk"):
    """What a client says in a log, each time: requests, flushes, errors, mismatches, slowest."""
    return [[int(word) for word in one] for one in re.findall(name + SAYS, log)]


def last_counted(log, name="clerk"):
    return (all_counted(log, name) or [[0] * 5])[-1]


def counted(machine, name="clerk"):
    machine.poll_log()
    return last_counted(machine.log_text, name)


def comes_to(machine, wanted, name="clerk", seconds=30):
    """What a client has counted as soon as that is as wanted, or None."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and machine.running():
        now = counted(machine, name)
        if wanted(now):
            return now
        time.sleep(0.1)
    return None


def goes_on(machine, name="clerk"):
    """Wait until the client has done a hundred requests more; what it has counted."""
    start = counted(machine, name)
    return comes_to(machine, lambda now: now[0] > start[0] + 100, name)


def notices_nothing(machine, checks, what):
    now = goes_on(machine)
    checks.says(f"the-client-notices-nothing-of-{what}", now and not now[2] and not now[3], f"{now}\n{machine.log_text[-2500:]}")


def disk_of(world, name):
    path = world.path(name)
    with open(path, "wb") as file:
        file.truncate(8 << 20)
    return path


def archive_of(world, manifest, *settings):
    archive = world.path(os.path.basename(manifest) + ".archive")
    words = [word for setting in settings for word in ("--set", setting)]
    subprocess.run([sys.executable, os.path.join(ROOT, "tools", "mkimage", "mkimage.py"), manifest, "-o", archive, "--build", world.build, *words], check=True, cwd=ROOT)
    return archive


def small(world, manifest=MANIFEST, **options):
    return Machine(world.build, "recovery", archive=archive_of(world, manifest), folder=world.folder, wants_disk=True, disk=disk_of(world, "small.img"), memory="256M", **options)


def small_upgrades(world, checks):
    with small(world) as machine:
        machine.wait_for("clerk: [1-9]", log=True)
        refusals(world, checks)
        bad_upgrades(world, machine, checks, BAD)
        for domain in ("control", "console"):
            upgrade_of(world, checks, domain, domain)
        notices_nothing(machine, checks, "upgrades")


def small_kinds_of_domains(world, checks):
    """A shadow, and a driver that page tables of its own keep in its slot."""
    manifest = world.manifest("kinds", ("[domain.virtio-blk]\n", '[domain.virtio-blk]\nisolation = "paging"\n'), ('interface = "Block"\n', 'interface = "Block"\ninterpose = "pass"\n'))
    with small(world, manifest) as machine:
        machine.wait_for("clerk: [1-9]", log=True)
        upgrade_of(world, checks, "disk-info.shadow", "shadow-block")
        other = world.other_driver("virtio-blk-plain")
        answer = answer_of(world.bhctl("upgrade", "virtio-blk", other))
        checks.says("a-domain-behind-page-tables-is-upgraded", answer["ok"] and running_build(world, "virtio-blk") == build_of(other), str(answer))
        answer = answer_of(world.bhctl("upgrade", "virtio-blk", world.driver))
        checks.says("and-only-to-an-image-for-those", not answer["ok"] and "the image is none of the plain flavour" in answer["error"], str(answer))
        notices_nothing(machine, checks, "upgrades-of-other-kinds")


def guest_upgrades(world, checks):
    options = {"snapshot": True, "folder": world.folder, "settings": ["vmm.cmdline=console=ttyS0 quiet panic=-1"],
               "drive_options": [f"throttling.iops-total={demo.DISK_OPERATIONS}"]}
    with Machine(world.build, "linux", **options) as machine:
        machine.wait_for("guest:~#", 120)
        machine.send(demo.LOAD)
        machine.wait_for("\nload-runs", 60)
        good_upgrades(world, machine, checks)
        bad_upgrades(world, machine, checks, ("error", "sleep"))
        machine.send(demo.FINISH)
        match = machine.wait_for(r"result: rounds (\d+) errors (\d+) mismatches (\d+) end", 120)
        rounds, errors, mismatches = map(int, match.groups())
        checks.says("the-guest-notices-nothing-of-it", rounds and not errors and not mismatches, f"{rounds} rounds, {errors} errors, {mismatches} mismatches")


def small_supervisor(world, checks):
    """The supervisor and the driver die together, again and again; then the supervisor too often."""
    with small(world) as machine:
        machine.wait_for("clerk: [1-9]", log=True)
        wrong = []
        for number in range(20):
            how = KINDS[number % len(KINDS)]
            machine.control.ask(f"crash virtio-blk {how}")
            machine.control.ask(f"crash supervisor {how}")
            if not goes_on(machine):
                wrong.append(f"after {number} ({how})")
            time.sleep(2.2)  # five within ten seconds are borne
        checks.says("the-supervisor-and-the-driver-die-together", not wrong, f"{wrong}\n{machine.log_text[-3000:]}")
        told = machine.log_text.count("goes on where its predecessor was")
        checks.says("the-supervisor-is-revived-each-time", told == 20, f"{told} times\n{machine.log_text[-3000:]}")
        notices_nothing(machine, checks, "deaths-of-the-supervisor")
        for _ in range(8):
            try:
                machine.control.ask("kill supervisor")
            except Trouble:
                break
            time.sleep(0.1)
        machine.wait_for("nobody is restarted any more", log=True)
        machine.control.ask("kill virtio-blk")
        machine.control.ask("restart supervisor")
        notices_nothing(machine, checks, "a-supervisor-that-an-operator-had-to-start")


def throttle(world, iops):
    """How many requests a second the emulated disk does; 0: all that come."""
    qmp = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    qmp.settimeout(20)
    qmp.connect(world.path("throttle.sock"))
    limits = {"device": "disk0", "bps": 0, "bps_rd": 0, "bps_wr": 0, "iops": iops, "iops_rd": 0, "iops_wr": 0}
    with qmp, qmp.makefile("rw", encoding="utf-8") as line:
        line.readline()
        for command in ({"execute": "qmp_capabilities"}, {"execute": "block_set_io_throttle", "arguments": limits}):
            line.write(json.dumps(command) + "\n")
            line.flush()
            answer = json.loads(line.readline())
            while "event" in answer:
                answer = json.loads(line.readline())
            assert "return" in answer, answer


def silence(world, checks, driver, manifest, given_up):
    """Interrupts that get lost or come too often, and a device that does not answer."""
    with small(world, manifest, choose=[f"disk={driver}"], extra=["-qmp", f"unix:{world.path('throttle.sock')},server=on,wait=off"]) as machine:
        machine.wait_for("clerk: [1-9]", log=True)
        for how, iops in (("irq-repeat", 0), ("irq-drop", 100)):
            throttle(world, iops)  # a slow disk's driver is not kept awake by its client's next request
            machine.control.ask(f"crash {driver} {how}")
            notices_nothing(machine, checks, f"{how}-of-{driver}")
        machine.wait_for("its interrupt did not come", log=True)
        checks.says(f"a-lost-interrupt-is-noticed-and-told-by-{driver}", " dies" not in machine.log_text,
                    machine.log_text[-2000:])
        throttle(world, 1)
        machine.wait_for(given_up, log=True)
        machine.wait_for("ended 3 instances: it fails", log=True)
        throttle(world, 0)
        now = goes_on(machine)
        checks.says(f"a-request-that-{driver}-has-no-answer-to-fails-and-others-go-on", now and now[2] and not now[3], f"{now}\n{machine.log_text[-2500:]}")


def small_silence(world, checks):
    silence(world, checks, "virtio-blk", MANIFEST, "has not answered")
    nvme = world.manifest("nvme", ("timeout_ms = 1000", "timeout_ms = 400"), change=lambda text: text.replace("virtio-blk", "nvme"))
    silence(world, checks, "nvme", nvme, "took longer than|does not end")


LOST, CAME_BACK = "lost a write that was acknowledged", "an old write came back"

# Disks of tests/domains/ramdisk: settings, and what its client finds of those that break their word.
DISKS = [("acknowledged-writes-outlive-deaths-also-in-replay", (), None),
         ("flushed-writes-outlive-power-cuts", ("power_cuts=yes",), None),
         ("a-driver-that-forgets-writes-is-found-out", ("breaks=forgets",), LOST),
         ("a-driver-that-passes-over-a-write-of-the-log-is-found-out", ("breaks=lost-write",), LOST),
         ("an-old-write-over-a-newer-one-is-found-out", ("breaks=old-write",), CAME_BACK),
         ("a-flush-that-is-acknowledged-early-is-found-out", ("breaks=early-flush", "power_cuts=yes"), "lost a write that was flushed")]
VERDICT = re.compile(r"E clerk: block \d+ (.*): version")


class HostedDisk:
    """A hosted kernel with one of those disks, until it has shown what it is to show."""

    def __init__(self, world, title, settings, breach):
        self.title, self.breach, self.log = title, breach, world.path(title + ".log")
        manifest = os.path.join(ROOT, "tests", "hosted", "order.toml")
        archive = world.path(title + ".archive")
        os.replace(archive_of(world, manifest, *("ramdisk." + one for one in settings)), archive)
        with open(self.log, "wb") as sink:
            self.kernel = subprocess.Popen([os.path.join(world.build, "hosted", "bulkhead"), archive], stdout=sink, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def look(self):
        text = open(self.log, encoding="utf-8", errors="replace").read()
        self.text, self.counted, self.verdicts = text, last_counted(text), set(VERDICT.findall(text))
        self.deaths = {kind: text.count("dies: panic: as told" + kind) for kind in ("", ", with the power", ", before a request", ", after a request", ", after having answered")}

    def shown(self):
        self.look()
        enough = self.counted[0] > 1500 and self.deaths[""] > 30 and all(self.deaths[kind] for kind in self.deaths if "request" in kind)
        return (enough and bool(self.deaths[", with the power"] > 5) == ("power" in self.title)) if not self.breach else any(self.breach in one for one in self.verdicts)

    def end(self):
        self.kernel.kill()
        self.kernel.wait()
        self.look()

    def good(self):
        if self.counted[2]:
            return False
        if not self.breach:
            return not self.verdicts and not self.counted[3] and self.shown()
        # Nobody can tell whether what was never read between is lost, or an old write is over it; nor, of what was read, whether it was lost or overwritten.
        also = (LOST, CAME_BACK) if self.breach in (LOST, CAME_BACK) else (self.breach,)
        return self.shown() and all(any(words in one for words in also) for one in self.verdicts)


def hosted_order(world, checks):
    """What was acknowledged is there, whenever the driver dies, and what was flushed whenever the power goes; disks that break this are found out, by name."""
    disks = [HostedDisk(world, *one) for one in DISKS]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not all(disk.shown() for disk in disks):
        time.sleep(0.2)
    for disk in disks:
        disk.end()
        checks.says(disk.title, disk.good(), f"{disk.deaths} {disk.counted} {disk.verdicts}\n{disk.text[-1500:]}")


def twice(text):
    """The system of recovery.toml with a second disk, driver and client."""
    names = ("virtio-blk", "clerk", "disk-info", "disk0", "data", "disk", "disk-notes")
    tables, second = re.split(r"\n(?=\[)", text), []
    for table in tables:
        head = table.splitlines()[0].strip("[]")
        if head.split(".")[-1] in names or head == "domain.virtio-blk.settings" or (head == "grant" and re.search(r'to = "(virtio-blk|clerk)"', table)):
            for name in ("virtio-blk", "clerk"):
                table = table.replace(f"[domain.{name}", f"[domain.{name}2").replace(f'to = "{name}"', f'to = "{name}2"')
                table = re.sub(rf'(server|client) = "{name}"', rf'\1 = "{name}2"', table)
            table = table.replace("[domain.virtio-blk2]", '[domain.virtio-blk2]\nimage = "virtio-blk"').replace("[domain.clerk2]", '[domain.clerk2]\nimage = "clerk"')
            table = re.sub(r"\[(port|buffer|ring)\.([\w-]+)\]", r"[\1.\g<2>-2]", table).replace('"virtio-blk:0"', '"virtio-blk:1"')
            table = re.sub(r'^(port|ring|buffer) = "(disk-info|disk0|disk|data|disk-notes)"', r'\1 = "\2-2"', table, flags=re.M)
            if head == "domain.virtio-blk.settings":
                table += '\nport = "disk-info-2"\n'
            second.append(table)
    return "\n".join(tables + second) + "\n"


def small_two_drivers(world, checks):
    """Two drivers with a disk each die in the same moment, over and over."""
    other = ["-drive", f"if=none,id=disk1,format=raw,file={disk_of(world, 'other.img')}", "-device", "virtio-blk-pci,drive=disk1,disable-legacy=on,serial=bulkhead1"]
    with small(world, world.manifest("two", change=twice), extra=other) as machine:
        machine.wait_for("clerk2: [1-9]", log=True)
        for how in KINDS * 2:
            machine.control.socket.sendall(f"crash virtio-blk {how}\ncrash virtio-blk2 {how}\n".encode())
            machine.control.read_line()
            machine.control.read_line()
            time.sleep(0.3)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and machine.log_text.count("virtio-blk2: restarted in slot") < 10:
            machine.poll_log()
            time.sleep(0.1)
        restarts = [machine.log_text.count(f"I {name}: restarted in slot") for name in ("virtio-blk", "virtio-blk2")]
        time.sleep(1.5)
        last = [counted(machine, name) for name in ("clerk", "clerk2")]
        checks.says("two-drivers-die-at-once", min(restarts) >= 10 and all(one[0] > 100 and not one[2] and not one[3] for one in last),
                    f"{restarts} {last}\n{machine.log_text[-2500:]}")
        for _ in range(60):
            try:
                machine.control.ask("kill virtio-blk")
            except Trouble:
                pass
            machine.poll_log()
            if "virtio-blk is given up" in machine.log_text:
                break
        machine.wait_for("virtio-blk is given up", log=True)
        before = counted(machine, "clerk2")
        time.sleep(2.5)
        after = counted(machine, "clerk2")
        checks.says("one-that-is-given-up-leaves-the-other-alone", before[0] and after[0] > before[0] + 100, machine.log_text[-2500:])
        machine.control.ask("restart virtio-blk")
        notices_nothing(machine, checks, "a-restart-by-hand-of-what-was-given-up")


PARTS = [hosted_order, small_two_drivers, small_silence, small_supervisor, small_upgrades, small_kinds_of_domains, guest_upgrades]


def main(description, folder, parts, **more):
    """Of a program with such parts, which work in a folder of the build: those that the command line wants; the exit status. `more': options, as of Checks.options."""
    checks = Sayings()
    options = checks.options(description, **more)
    for part in parts:
        if checks.wants(part.__name__):
            part(World(options, folder), checks)
    return checks.end()


if __name__ == "__main__":
    sys.exit(main(__doc__, "recovery-tests", PARTS, upgrades=(6, "good ones under the guest")))
