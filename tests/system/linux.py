#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole system in QEMU: a Linux guest on its disk, its driver crashed under load, and everything that can go wrong on the host. Some of it
once more with several processors."""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
import xml.dom.minidom

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "run")]
import machine as machines  # noqa: E402  pylint: disable=wrong-import-position
from checks import Suite, check  # noqa: E402  pylint: disable=wrong-import-position

RUN = os.path.join("tools", "run", "run.py")
DEMO = os.path.join("tools", "demo", "demo.py")
BHCTL = os.path.join("tools", "bhctl", "bhctl.py")
BUILD = os.environ.get("BUILD", "build")
FOLDER = os.path.join(BUILD, "system-tests")
STATUS_NOT_STARTED, STATUS_TRIPLE_FAULT, STATUS_HELLO = 73, 71, 42
SEVERAL = 4  # processors, in the second round
CPUS = 1     # in this one
AGAIN = []
suite = Suite("linux")


def again(function):
    """A test for the second round, too."""
    AGAIN.append(function)
    return function


class Machine(machines.Machine):
    def __init__(self, build, system, **options):
        super().__init__(build, system, cpus=CPUS, **options)


def command(*words, timeout=120, **options):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=timeout, check=False, cwd=ROOT, **options)


def run(*words, timeout=120):
    """On a disk of our own where none is named: others read the default one at the same time, and QEMU lets nobody write to what somebody else reads."""
    if "--disk" not in words:
        words = ("--disk", copy_of_disk("default.img"), *words)
    return command(RUN, "--build", BUILD, "--folder", FOLDER, "--cpus", str(CPUS), *words, timeout=timeout)


def copy_of_disk(name):
    """A new one: what an earlier run of the tests left under that name may be read-only."""
    path = os.path.join(FOLDER, name)
    if os.path.exists(os.path.join(ROOT, path)):
        os.unlink(os.path.join(ROOT, path))
    shutil.copyfile(os.path.join(ROOT, BUILD, "guest", "disk.img"), os.path.join(ROOT, path))
    return path


def refused(result, *words):
    """A clear message that has all of `words`, and no success."""
    text = result.stdout + result.stderr
    check(result.returncode not in (0, 2) or result.returncode == 1, f"status {result.returncode}: {text}")
    check("Traceback" not in text, text)
    for word in words:
        check(re.search(word, text), f"`{word}' is not in: {text[-800:]}")


# ---- the guest


@suite.test
def a_command_in_the_guest_prints_its_output_and_gives_its_status():
    disk = copy_of_disk("command.img")
    result = run("--disk", disk, "--command", "uname -r; echo 'it'\"'\"'s \"here\"'; echo kept >/root/kept; printf no-newline; exit 203")
    check(result.returncode == 203, f"status {result.returncode}: {result.stderr}")
    lines = result.stdout.splitlines()
    check(re.match(r"\d+\.\d+\.\d+", lines[0]) and lines[1] == "it's \"here\"" and lines[2] == "no-newline", result.stdout)
    check(len(lines) == 3, result.stdout)
    result = run("--disk", disk, "--command", "cat /root/kept")
    check(result.returncode == 0 and result.stdout == "kept\n", result.stdout + result.stderr)
    check(subprocess.run(["/sbin/e2fsck", "-fn", os.path.join(ROOT, disk)], capture_output=True, check=False).returncode == 0, "the file system is not clean")


@suite.test
def make_run_ends_with_the_status_of_the_guests_command():
    result = subprocess.run(["make", "-s", "run", "BUILD=" + BUILD, "IMAGE=" + copy_of_disk("make-run.img"), "GUEST_CMD=echo \"it's $0\"; exit 203"], capture_output=True, text=True, cwd=ROOT,
                            timeout=300, check=False)
    check(result.returncode == 203 and "it's /tmp/command\n" in result.stdout, f"status {result.returncode}: {result.stdout[-300:]} {result.stderr[-300:]}")


@suite.test
def the_shell_takes_what_is_typed_and_its_exit_ends_the_machine():
    with Machine(BUILD, "linux", folder=FOLDER, snapshot=True, settings=["vmm.cmdline=console=ttyS0 quiet"]) as machine:
        machine.wait_for("guest:~#")
        machine.send("echo answer-$((6 * 7))\n")
        machine.wait_for("answer-42")
        machine.send("x" * 200 + "\n")
        machine.wait_for("x: not found")
        machine.send("exit 9\n")
        check(machine.wait(60) == 9, machine.log_text)


@suite.test
def a_terminal_is_the_guests_and_is_given_back():
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    process = subprocess.Popen([sys.executable, RUN, "--build", BUILD, "--folder", FOLDER, "--disk", copy_of_disk("terminal.img")], cwd=ROOT,
                               stdin=slave, stdout=slave, stderr=slave)
    said = b""

    def wait_for(what):
        nonlocal said
        deadline = time.monotonic() + 60
        while what not in said:
            check(time.monotonic() < deadline, f"{what} did not come: {said[-300:]}")
            if select.select([master], [], [], 0.5)[0]:
                said += os.read(master, 65536)
        said = b""
    try:
        wait_for(b"guest:~#")
        os.write(master, b"sleep 1000\n")
        time.sleep(1)
        os.write(master, b"\x03")  # for the guest's program, not for ours
        wait_for(b"guest:~#")
        os.write(master, b"echo alive-$((40 + 2))\n")
        wait_for(b"alive-42")
        os.write(master, b"\x1d")
        wait_for(b"ended from the keyboard")
        check(process.wait(20) == 0, f"status {process.returncode}")
        check(termios.tcgetattr(slave) == before, "the terminal was not put back")
    finally:
        process.kill()
        os.close(master)
        os.close(slave)


@suite.test
def the_same_system_boots_from_a_cd_by_grub():
    prepared = Machine(BUILD, "linux", folder=FOLDER, settings=["vmm.cmdline=console=ttyS0 quiet bulkhead.command=ZXhpdCAxNw=="])  # exit 17
    iso = os.path.join(FOLDER, "linux.iso")
    made = subprocess.run(["tools/make-iso.sh", os.path.join(BUILD, "pc", "bulkhead.elf"), iso, prepared.make_archive()], capture_output=True,
                          text=True, check=False)
    check(made.returncode == 0, made.stdout + made.stderr)
    with Machine(BUILD, "linux", folder=FOLDER, snapshot=True, iso=iso) as machine:
        check(machine.wait(90) == 17 and "Multiboot2" in machine.log_text, machine.log_text)


@suite.test
@again
def an_idle_guest_leaves_the_processor_idle():
    with Machine(BUILD, "linux", folder=FOLDER, snapshot=True, settings=["vmm.cmdline=console=ttyS0 quiet"]) as machine:
        machine.wait_for("guest:~#")
        time.sleep(1)

        def used():
            fields = open(f"/proc/{machine.process.pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        before = used()
        time.sleep(4)
        share = (used() - before) / 4
        check(share < 0.5, f"the emulator uses {share:.0%} of a processor while the guest does nothing")


@suite.test
@again
def the_driver_is_crashed_twenty_times_and_the_guest_notices_nothing():
    result = command(DEMO, "--build", BUILD, "--folder", FOLDER, "--cpus", str(CPUS), timeout=300)
    check(result.returncode == 0, result.stdout + result.stderr)
    check("20 crashes in 13 ways" in result.stdout and re.search(r" 0 guest-visible errors, 0 checksum mismatches", result.stdout), result.stdout)
    print(result.stdout, end="")


@suite.test
def the_driver_may_be_isolated_by_other_mechanisms():
    for mechanism in ("paging", "pks"):
        result = command(DEMO, "--build", BUILD, "--folder", FOLDER, "--crashes", "5", "--isolation", f"virtio-blk={mechanism}", timeout=300)
        check(result.returncode == 0, result.stdout + result.stderr)
        check("5 crashes in 5 ways" in result.stdout and re.search(r" 0 guest-visible errors, 0 checksum mismatches", result.stdout), result.stdout)


def capabilities(bhctl):
    """The list agrees with itself and with what `domains' counts; the picture is one."""
    held = {one["name"]: one for one in json.loads(bhctl("caps", "--json").stdout)["domains"]}
    count = {one["name"]: one["caps"] for one in json.loads(bhctl("domains", "--json").stdout)["domains"]}
    check({name: len(one["caps"]) for name, one in held.items()} == count, f"{held}\n{count}")
    disk = [cap for cap in held["virtio-blk"]["caps"] if cap["type"] == "ring"]
    check(len(disk) == 1 and "server" in disk[0]["rights"] and disk[0]["object"]["domain"] == held["virtio-blk"]["id"], disk)
    text = bhctl("caps").stdout
    check(all(f"{name}: {len(one['caps'])} of {one['quota']}" in text for name, one in held.items()) and "-> port " in text, text)
    alone = bhctl("caps", "vmm").stdout
    check("vmm: " in alone and "console: " not in alone, alone)
    picture = os.path.join(FOLDER, "caps.svg")
    check(bhctl("caps", "--svg", picture).returncode == 0, "caps --svg")
    drawn = xml.dom.minidom.parse(os.path.join(ROOT, picture)).documentElement
    boxes = [one for one in drawn.getElementsByTagName("rect") if one.getAttribute("class") == "domain"]
    check(drawn.tagName == "svg" and len(boxes) == len(held), "one box for each domain")
    refused(bhctl("caps", "nobody"), "nobody", "bhctl domains")
    refused(bhctl("caps", "--svg", "/proc/nowhere/caps.svg"), "/proc/nowhere/caps.svg")


@suite.test
@again
def bhctl_shows_breaks_and_restarts_domains():
    socket_path = os.path.join(FOLDER, "control.sock")

    def bhctl(*words):
        return command(BHCTL, *words, "--socket", socket_path, "--build", BUILD)
    with Machine(BUILD, "linux", folder=FOLDER, snapshot=True, settings=["vmm.cmdline=console=ttyS0 quiet"]) as machine:
        machine.wait_for("guest:~#")
        result = bhctl("domains", "--json")
        names = {one["name"]: one for one in json.loads(result.stdout)["domains"]}
        check(set(names) == {"supervisor", "console", "control", "pci", "virtio-blk", "virtio-net", "virtio-rng", "switch", "vmm"}, result.stdout)
        check(all(one["state"] == "running" for one in names.values()), result.stdout)
        check(bhctl("crash", "virtio-blk", "--how", "divide").returncode == 0, "crash")
        machine.wait_for("virtio-blk: restarted in slot", log=True)
        result = bhctl("backtrace", "virtio-blk")
        check("arithmetic error" in result.stdout and "bh_inject" in result.stdout and "runtime/inject.c" in result.stdout, result.stdout)
        check("RESTARTS" in bhctl("domains").stdout and "COLOUR" in bhctl("domains").stdout, "table")
        check(names["vmm"]["colour"] == "gs" and names["console"]["colour"] == "fs" and names["vmm"]["base_writes"] < names["vmm"]["calls"],
              "the vmm and whom it calls have different colours: bases are written less often than it is entered")
        check(bhctl("restart", "console").returncode == 0, "restart")
        machine.send("echo still-$((1 + 1))\n")
        machine.wait_for("still-2")
        check("console" in bhctl("log").stdout, "log")
        check(json.loads(bhctl("memory", "--json").stdout)["free"] > 0, "memory")
        cpus = json.loads(bhctl("cpus", "--json").stdout)["cpus"]
        # Which of them got work depends on the moment; that all do when there is enough, processors-all-work of tests/domains shows.
        check([one["id"] for one in cpus] == list(range(CPUS)) and sum(one["switches"] for one in cpus) > 0, cpus)
        check(cpus[0]["switches"] > 0 and cpus[0]["busy_ns"] > 0, f"the first processor boots and takes all device interrupts: {cpus}")
        check("BUSY" in bhctl("cpus").stdout, "cpus")
        capabilities(bhctl)
        refused(bhctl("crash", "nobody"), "nobody", "bhctl domains")
        refused(bhctl("restart", "nobody", "--json"), '"ok": false')
        check(bhctl("crash", "vmm", "--how", "hammer").returncode == 2, "unknown kind")
        raw = machine.control.socket
        raw.sendall(b"x" * 50000 + b"\n" + b"frobnicate 1 2 3 4 5 6\n\x01\xff\n")
        for want in (b"at most", b"unknown command", b"unknown command"):
            line = b""
            while not line.endswith(b"\n"):
                line += raw.recv(1)
            check(want in line, line)
        machine.release_control()
        check(bhctl("off", "12").returncode == 0, "off")
        check(machine.wait(30) == 12, machine.log_text)
    refused(bhctl("domains"), "no control socket", "make run")


@suite.test
@again
def a_driver_that_keeps_dying_is_given_up_and_can_be_started_again():
    with Machine(BUILD, "linux", folder=FOLDER, snapshot=True, settings=["vmm.cmdline=console=ttyS0 quiet"]) as machine:
        machine.wait_for("guest:~#")
        count = 0
        while "virtio-blk is given up" not in machine.log_text and count < 60:
            count += 1
            before = machine.log_text.count("virtio-blk: restarted in slot")
            machine.control.ask("kill virtio-blk")
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline and machine.log_text.count("virtio-blk: restarted in slot") == before and \
                    "virtio-blk is given up" not in machine.log_text:
                time.sleep(0.02)
        check(30 <= count <= 45, f"given up after {count} deaths")
        machine.send("dd if=/dev/zero of=/root/late bs=4k count=8 oflag=direct 2>/dev/null && echo late-$((3 * 3))\n")
        time.sleep(1)
        check("late-9" not in machine.text(), "a write ended without a driver")
        machine.control.ask("restart virtio-blk")
        machine.wait_for("late-9")
        machine.send("exit 0\n")
        check(machine.wait(60) == 0, machine.log_text)


# ---- guests that misbehave


def small_guest(name, **options):
    with Machine(BUILD, "linux", folder=FOLDER, snapshot=True, files={"guest-kernel": os.path.join(BUILD, "guests", name + ".elf")}, **options) as machine:
        status = machine.wait(60)
        return machine, status


@suite.test
def a_small_guest_with_a_pvh_entry_runs():
    machine, status = small_guest("hello")
    check(status == STATUS_HELLO and "hello from a PVH guest" in machine.text(), f"status {status}: {machine.text()} {machine.log_text}")


@suite.test
def a_triple_fault_ends_only_the_guest():
    machine, status = small_guest("triple-fault")
    check(status == STATUS_TRIPLE_FAULT and "triple fault" in machine.log_text, f"status {status}: {machine.log_text}")


@suite.test
@again
def broken_virtqueues_hurt_only_their_guest():
    machine, status = small_guest("bad-virtqueue")
    check(status == 0, f"status {status}: {machine.text()} {machine.log_text}")
    check(" dies" not in machine.log_text, machine.log_text)


@suite.test
@again
def unknown_ports_and_msrs_hurt_only_their_guest():
    machine, status = small_guest("probe")
    check(status == 0, f"status {status}: {machine.text()} {machine.log_text}")
    check(" dies" not in machine.log_text, machine.log_text)


# ---- what the host gets wrong


@suite.test
def a_missing_or_wrong_guest_kernel_is_refused():
    refused(run("--guest-kernel", "/nowhere/vmlinuz", "--command", "true"), "/nowhere/vmlinuz", "No such file", "make guest")
    wrong = os.path.join(FOLDER, "wrong-kernel")
    with open(os.path.join(ROOT, wrong), "wb") as file:
        file.write(b"#!/bin/sh\n" * 200)
    refused(run("--guest-kernel", wrong, "--command", "true"), "wrong-kernel", "neither a Linux bzImage nor an ELF")
    with open(os.path.join(ROOT, wrong), "wb") as file:
        file.write(b"\x7fELF" + bytes(2000))
    result = run("--guest-kernel", wrong, "--command", "true")
    check(result.returncode == STATUS_NOT_STARTED, f"status {result.returncode}")
    check("ELF" in result.stderr and "the guest does not start" in result.stderr, result.stderr)


@suite.test
def disk_images_that_cannot_be_used_are_refused():
    refused(run("--disk", "/nowhere/disk.img", "--command", "true"), "/nowhere/disk.img", "No such file", "make guest")
    disk = copy_of_disk("small.img")
    os.truncate(os.path.join(ROOT, disk), 100 << 20)
    refused(run("--disk", disk, "--command", "true"), "smaller than its file system", "truncate -s 268435456")
    check(os.path.getsize(os.path.join(ROOT, disk)) == 100 << 20, "the image was changed")
    os.truncate(os.path.join(ROOT, disk), 100)
    refused(run("--disk", disk, "--command", "true"), "less than one sector")
    disk = copy_of_disk("read-only.img")
    result = subprocess.Popen([sys.executable, RUN, "--build", BUILD, "--folder", FOLDER, "--disk", disk, "--timeout", "100",
                               "--command", "echo x >/root/y; sync; echo written; sleep 99"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = ""
    while not said.endswith("written\n"):
        line = result.stdout.readline()
        check(line, f"it ended before the guest had written: {said}")
        said += line
    result.send_signal(signal.SIGINT)  # so that its journal is not clean
    result.wait(30)
    os.chmod(os.path.join(ROOT, disk), 0o444)
    refused(run("--disk", disk, "--command", "true"), "read-only", "chmod u\\+w", "--read-only")
    result = run("--disk", disk, "--read-only", "--command", "touch /root/x 2>/dev/null && echo written; cat /sys/block/vda/ro")
    check(result.returncode == 0 and result.stdout == "1\n", f"status {result.returncode}: {result.stdout} {result.stderr}")


@suite.test
def a_processor_without_svm_or_a_machine_without_memory_is_refused():
    result = run("--cpu", "max,-svm", "--command", "true")
    check(result.returncode == STATUS_NOT_STARTED and "SVM" in result.stderr, f"{result.returncode}: {result.stderr}")
    result = run("--memory", "192M", "--command", "true")
    check(result.returncode not in (0, None) and "memory" in result.stderr, f"{result.returncode}: {result.stderr}")


@suite.test
def a_control_socket_in_use_is_respected_and_a_stale_one_goes():
    path = os.path.join(FOLDER, "control.sock")
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if os.path.exists(path):
        os.unlink(path)
    server.bind(path)
    server.listen()
    refused(run("--command", "true"), "control socket", "is in use", "--folder")
    check(os.path.exists(path), "it was removed")
    server.close()
    result = run("--command", "true")
    check(result.returncode == 0, result.stderr)


@suite.test
def interrupting_a_run_at_any_moment_stops_the_machine():
    disk = copy_of_disk("interrupted.img")
    for delay in (0.2, 1.0, 2.0, 4.0):
        process = subprocess.Popen([sys.executable, RUN, "--build", BUILD, "--folder", FOLDER, "--disk", disk, "--command", "sleep 100"], cwd=ROOT,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        never_began = "Fatal Python error: init_import_site" in errors  # on a busy host the interpreter has not come to our first line by then
        check(never_began or process.returncode in (130, -signal.SIGINT), f"after {delay} s: status {process.returncode}: {errors}")
        check("run.py\", line" not in errors and "machine.py\", line" not in errors, errors)
    check(not os.path.exists(os.path.join(ROOT, FOLDER, "control.sock")), "the control socket was left behind")
    # An emulator that was just being started ends by the signal that its parent's death sends, which takes a moment.
    emulators = ["pgrep", "-f", f"unix:{FOLDER}/control.sock"]
    until = time.monotonic() + 10
    while (left := subprocess.run(emulators, capture_output=True, text=True, check=False).stdout) and time.monotonic() < until:
        time.sleep(0.1)
    check(not left, f"emulators are left: {left}")


@suite.test
def a_full_host_disk_stops_the_guest_until_there_is_room():
    mount = os.path.join(ROOT, FOLDER, "full")
    os.makedirs(mount, exist_ok=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40M", "none", mount], capture_output=True, check=False).returncode == 0
    if not mounted:
        print("     (not allowed to mount a small file system here: left out)")
        return
    try:
        disk = os.path.join(mount, "disk.img")
        subprocess.run(["cp", "--sparse=always", os.path.join(ROOT, BUILD, "guest", "disk.img"), disk], check=True)
        ballast = os.path.join(mount, "ballast")
        with open(ballast, "wb") as file:
            file.write(bytes(shutil.disk_usage(mount).free - (4 << 20)))
        process = subprocess.Popen([sys.executable, RUN, "--build", BUILD, "--folder", FOLDER, "--disk", disk, "--command",
                                    "dd if=/dev/urandom of=/root/big bs=1M count=12 2>/dev/null && sync && echo all-written"],
                                   cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        said = ""
        while "the host's disk is full" not in said:
            line = process.stderr.readline()
            check(line, f"it ended without noticing: {said}")
            said += line
        time.sleep(1)
        check(process.poll() is None, "it ended on a full disk")
        os.unlink(ballast)
        output, errors = process.communicate(timeout=100)
        check(process.returncode == 0 and "all-written" in output, f"{output} {said} {errors}")
    finally:
        subprocess.run(["umount", "-l", mount], check=False)


@suite.test
def wrong_options_are_refused():
    refused(run("--system", "nothing-there"), "nothing-there")
    refused(run("--emulator", "vmware", "--command", "true"), "vmware", "QEMU")
    refused(run("--command", "x" * 5000), "too long")
    check(run("--frobnicate").returncode == 2, "unknown option")
    check(run("--help").returncode == 0 and "Ctrl-]" in run("--help").stdout, "--help")
    result = command(RUN, "--command", "true", env={"PATH": "/nowhere"})
    refused(result, "qemu-system-x86_64 is missing", "tools/setup.sh")


def main():
    global BUILD, FOLDER, CPUS  # pylint: disable=global-statement
    arguments = suite.options(__doc__, cpus=(SEVERAL, "processors in the second round"))
    BUILD, FOLDER = arguments.build, os.path.join(arguments.build, "system-tests")
    os.chdir(ROOT)
    os.makedirs(FOLDER, exist_ok=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so would the runs that get a Ctrl-C
    for one in suite.tests:
        suite.run(one)
    CPUS = arguments.cpus
    for one in AGAIN:
        suite.run(one, title=f"{suite.name(one)}-with-{CPUS}-processors")
    return suite.end()


if __name__ == "__main__":
    sys.exit(main())
