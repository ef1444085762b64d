#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot the platform's test kernel by PVH and by Multiboot2, with and without what it needs; end with `N passed, N failed`."""
import argparse
import os
import re
import struct
import subprocess
import sys
import tempfile

LIMIT_S = 60


class Run:
    """One run of QEMU to its end: the log, the exit status, whether it had to be killed."""

    def __init__(self, name, logs, *arguments, cpu="max", memory="256M", machine="q35"):
        self.log_path = os.path.join(logs, f"boot-{name}.log")
        command = ["qemu-system-x86_64", "-M", machine, "-cpu", cpu, "-m", memory, "-display", "none", "-no-reboot", "-net", "none",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-chardev", f"file,id=log,path={self.log_path}",
                   "-device", "isa-debugcon,iobase=0xe9,chardev=log", *arguments]
        open(self.log_path, "w").close()
        try:
            self.status = subprocess.run(command, timeout=LIMIT_S, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                         check=False).returncode
        except subprocess.TimeoutExpired:
            self.status = None
        self.log = open(self.log_path, errors="replace").read()

    def good(self):
        """The test kernel's own verdict."""
        return self.status == 1 and re.search(r"platform: \d+ passed, 0 failed", self.log) is not None


BOCHS_CONFIGURATION = """\
display_library: rfb, options="timeout=0"
config_interface: textconfig
megs: 256
cpu: model=corei7_skylake_x, count={count}, ips=50000000, reset_on_triple_fault=0
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
pci: enabled=1, chipset=i440fx
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={iso}, status=inserted
boot: cdrom
sound: driver=dummy
speaker: enabled=1, mode=none
com1: enabled=1, mode=null
port_e9_hack: enabled=1
clock: sync=none
panic: action=fatal
log: {logs}/bochs-{name}.txt
"""


class Bochs:
    """One run of Bochs from an ISO; it shows port 0xe9 on its standard output. Its exit status says nothing."""

    def __init__(self, name, logs, iso, count=1):
        self.status = None
        self.log_path = os.path.join(logs, f"boot-{name}.log")
        with tempfile.TemporaryDirectory() as folder:
            configuration, commands = os.path.join(folder, "bochsrc"), os.path.join(folder, "commands")
            with open(configuration, "w") as file:
                file.write(BOCHS_CONFIGURATION.format(iso=iso, logs=logs, name=name, count=count))
            with open(commands, "w") as file:
                file.write("c\n")
            with open(self.log_path, "w") as log:
                try:
                    subprocess.run(["bochs", "-q", "-f", configuration, "-rc", commands], timeout=LIMIT_S,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
                except subprocess.TimeoutExpired:
                    pass
        self.log = open(self.log_path, errors="replace").read()


class Tests:
    def __init__(self, build):
        self.kernel = os.path.join(build, "pc/platform-test.elf")
        self.iso = os.path.join(build, "pc/platform-test.iso")
        self.logs = os.path.join(build, "logs")
        os.makedirs(self.logs, exist_ok=True)
        self.passed = self.failed = 0

    def verdict(self, name, good, run):
        """Count one test; count also the checks inside the test kernel."""
        inner = re.search(r"platform: (\d+) passed, (\d+) failed", run.log)
        if inner:
            self.passed += int(inner.group(1))
            self.failed += int(inner.group(2))
        self.passed += good
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}")
        if not good:
            print(f"     status {run.status}, log {run.log_path}:")
            print("\n".join("     | " + line for line in run.log.splitlines()[-25:]))

    def all(self, only):
        for name in [n for n in dir(self) if n.startswith("test_")]:
            if only in name:
                getattr(self, name)()

    def test_pvh_q35_with_disk_and_archive(self):
        with tempfile.TemporaryDirectory() as folder:
            disk, archive = os.path.join(folder, "disk"), os.path.join(folder, "archive")
            with open(disk, "wb") as file:
                file.truncate(1 << 20)
            with open(archive, "wb") as file:
                file.write(b"an archive" + bytes(20000))
            run = Run("pvh", self.logs, "-kernel", self.kernel, "-initrd", archive, "-append", "log=e9 some words",
                      "-drive", f"file={disk},format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d", "-serial", "null")
        self.verdict("boots by PVH with a disk and an archive", run.good() and "some words" in run.log and "booted by PVH" in run.log
                     and "ok virtio-blk can be reset" in run.log and "ok the boot archive is what was given" in run.log, run)

    def test_disk_behind_a_bridge(self):
        with tempfile.TemporaryDirectory() as folder:
            disk = os.path.join(folder, "disk")
            with open(disk, "wb") as file:
                file.truncate(1 << 20)
            run = Run("bridge", self.logs, "-kernel", self.kernel, "-serial", "null", "-device", "pcie-root-port,id=rp0,chassis=1,slot=1",
                      "-drive", f"file={disk},format=raw,if=none,id=d", "-device", "virtio-blk-pci,drive=d,bus=rp0")
        self.verdict("finds and resets a disk behind a PCI Express port", run.good() and "ok virtio-blk can be reset" in run.log, run)

    def test_counted_instructions(self):
        run = Run("icount", self.logs, "-kernel", self.kernel, "-serial", "null", "-icount", "shift=0")
        self.verdict("boots where time is the count of instructions", run.good(), run)

    def test_pvh_i440fx(self):
        run = Run("i440fx", self.logs, "-kernel", self.kernel, "-serial", "null", machine="pc")
        self.verdict("boots on a machine without PCI Express", run.good(), run)

    def test_multiboot2_iso(self):
        run = Run("iso", self.logs, "-cdrom", self.iso, "-serial", "null")
        self.verdict("boots from an ISO by Multiboot2", run.good() and "booted by Multiboot2" in run.log, run)

    def test_bochs(self):
        run = Bochs("bochs", self.logs, self.iso)
        self.verdict("boots in Bochs", re.search(r"platform: \d+ passed, 0 failed", run.log) is not None, run)

    def test_bochs_with_several_processors(self):
        run = Bochs("bochs-2", self.logs, self.iso, count=2)
        self.verdict("starts two processors in Bochs", re.search(r"platform: \d+ passed, 0 failed", run.log) is not None
                     and "2 of 2 processors run" in run.log, run)

    def test_several_processors(self):
        run = Run("smp", self.logs, "-kernel", self.kernel, "-append", "processors=4", "-serial", "null", "-smp", "4")
        self.verdict("starts four processors", run.good() and "4 of 4 processors run" in run.log, run)

    def test_fewer_processors_than_there_are(self):
        run = Run("smp-limit", self.logs, "-kernel", self.kernel, "-append", "cpus=2 processors=2", "-serial", "null", "-smp", "4")
        self.verdict("cpus=2 leaves the others alone", run.good() and "2 of 4 processors run" in run.log, run)

    def test_processor_that_does_not_start(self):
        with tempfile.NamedTemporaryFile() as table:
            # One more table of processors: number 77 is not there, 300 is out of reach without x2APIC.
            table.write(struct.pack("<II", 0xfee00000, 1) + struct.pack("<BBBBI", 0, 8, 77, 77, 1) + struct.pack("<BBHIII", 9, 16, 0, 300, 1, 300))
            table.flush()
            run = Run("smp-absent", self.logs, "-kernel", self.kernel, "-append", "processors=2", "-serial", "null", "-smp", "2",
                      "-acpitable", f"sig=APIC,rev=3,data={table.name}")
        self.verdict("says which processor does not start, and goes on", run.good() and "processor 77, which ACPI names, does not start" in run.log
                     and "processor 300 cannot be reached" in run.log and "2 of 4 processors run" in run.log, run)

    def test_memory_above_4_gib(self):
        run = Run("6g", self.logs, "-kernel", self.kernel, "-serial", "null", memory="6G")
        self.verdict("boots with memory above 4 GiB", run.good(), run)

    def test_log_on_serial_port(self):
        path = os.path.join(self.logs, "boot-serial.txt")
        run = Run("com1", self.logs, "-kernel", self.kernel, "-append", "log=com1", "-serial", f"file:{path}")
        text = open(path, errors="replace").read()
        self.verdict("log=com1 sends the log to the serial port", run.status == 1 and ", 0 failed" in text and not run.log, run)

    def test_refuses_without_fsgsbase(self):
        run = Run("fsgsbase", self.logs, "-kernel", self.kernel, "-serial", "null", cpu="qemu64")
        self.verdict("says what is wrong with a processor without FSGSBASE", run.status == 3 and "FSGSBASE" in run.log, run)

    def test_refuses_without_long_mode(self):
        run = Run("32bit", self.logs, "-kernel", self.kernel, "-serial", "null", cpu="qemu32")
        self.verdict("says what is wrong with a 32-bit processor", run.status == 3 and "no 64-bit mode" in run.log, run)

    def test_refuses_little_memory(self):
        run = Run("memory", self.logs, "-kernel", self.kernel, "-serial", "null", memory="16M")
        self.verdict("says how much memory is needed", run.status == 3 and "at least 24576 KiB are needed" in run.log, run)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="", help="only tests whose name contains this")
    options = parser.parse_args()
    tests = Tests(options.build)
    tests.all(options.only)
    print(f"{tests.passed} passed, {tests.failed} failed")
    return 1 if tests.failed else 0


if __name__ == "__main__":
    sys.exit(main())
