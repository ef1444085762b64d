#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drivers that send their devices astray, in QEMU with an IOMMU of several kinds: each attempt is caught and changes nothing, not even a byte of the
kernel's text and constants, which are compared from outside. Without an IOMMU the same attempt does harm, and the log has said so."""
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "hosted"))
import hosted  # noqa: E402 (its folder had to be found first)

MANIFEST = os.path.join(ROOT, "tests", "system", "dma.toml")
EDU = "edu,dma_mask=0xffffffffffffff"
TWO_DEVICES = ("-device", EDU, "-device", EDU)
BEHIND_BRIDGES = ("-device", "pcie-root-port,id=root,chassis=1,slot=1", "-device", "pcie-pci-bridge,id=first,bus=root", "-device", EDU + ",bus=first,addr=3",
                  "-device", "pcie-root-port,id=other,chassis=2,slot=2", "-device", "pcie-pci-bridge,id=second,bus=other", "-device", EDU + ",bus=second,addr=5")
UNIT = "intel-iommu,intremap=off"
LIMIT_S = 90
# Name: options of the IOMMU (None: there is none), devices, processors, kernel's command line, scenario of the warden, what the log must say.
RUNS = {
    "confined": (UNIT, TWO_DEVICES, 1, "", "confined", ["tables of 3 levels and large pages"]),
    "confined-with-4-processors": (UNIT, TWO_DEVICES, 4, "", "confined", []),
    "48-bits-and-caching": (UNIT + ",aw-bits=48,caching-mode=on", TWO_DEVICES, 1, "iommu=4-levels", "brief", ["tables of 4 levels"]),
    "by-registers": (UNIT, TWO_DEVICES, 1, "iommu=registers", "brief", []),
    "behind-bridges": (UNIT, BEHIND_BRIDGES, 1, "", "brief", ["device 02:00.0 tried to write"]),
    "none": (None, TWO_DEVICES, 1, "", "open", ["this machine has none", r"00:01.0 \(1234:11e8\) of prowler is not confined: there is no IOMMU"]),
    "off": (UNIT, TWO_DEVICES, 1, "iommu=off", "open", ["switched off", r"00:02.0 \(1234:11e8\) of porter is not confined"]),
}


def kernel_parts(path):
    """(physical address, bytes) of what the kernel's image has that nobody may write: its text and constants stand where they are linked."""
    data = open(path, "rb").read()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for i in range(count):
        kind, flags, at, va, _, length = struct.unpack_from("<IIQQQQ", data, offset + i * size)
        if kind == 1 and not flags & 2 and length:
            yield va, data[at:at + length]


class Machine(hosted.Runner):
    log_folder = "dma"

    def boot_and_compare(self, name, archive, unit, devices, cpus, command_line):
        """Run to the end; (log, whether the kernel's text and constants are what they were)."""
        log, kernel = os.path.join(self.logs, name + ".log"), os.path.join(self.build, "pc", "bulkhead.elf")
        open(log, "w", encoding="utf-8").close()
        # The machine stops at its end, and the monitor can look at its memory.
        command = ["qemu-system-x86_64", "-machine", "q35", "-cpu", "max", "-smp", str(cpus), "-m", "256", "-display", "none", "-nodefaults", "-no-reboot",
                   "-no-shutdown", "-kernel", kernel, "-initrd", archive, "-append", command_line, "-serial", "file:" + log, "-monitor", "stdio",
                   *(["-device", unit] if unit else []), *devices]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True) as process:
            try:
                end = time.monotonic() + LIMIT_S
                while "power off, status" not in read(log) and process.poll() is None and time.monotonic() < end:
                    time.sleep(0.1)
                intact = process.poll() is None and all(self.same(process, va, part) for va, part in kernel_parts(kernel))
            finally:
                process.kill()
        return read(log), intact

    def same(self, process, address, expected):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "memory")
            process.stdin.write(f'pmemsave {address} {len(expected)} "{path}"\n')
            process.stdin.flush()
            end = time.monotonic() + LIMIT_S
            while (not os.path.exists(path) or os.path.getsize(path) < len(expected)) and process.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            return os.path.exists(path) and open(path, "rb").read() == expected

    def run(self, name):
        if not self.wanted("dma-" + name):
            return
        unit, devices, cpus, command_line, scenario, sentences = RUNS[name]
        archive = self.archive("dma-" + name, MANIFEST, [f"warden.scenario={scenario}"])
        text, intact = self.boot_and_compare(name, archive, unit, devices, cpus, command_line)
        os.unlink(archive)
        failed = re.search(r"FAILED: (.*)|PANIC: (.*)", text)
        missing = [sentence for sentence in sentences if not re.search(sentence, text)]
        problem = None
        if f"ok {scenario}: the porter carried" not in text or "power off, status 0" not in text:
            problem = failed.group(0) if failed else "it does not end"
        elif missing:
            problem = f"the log lacks {missing}"
        elif not intact:
            problem = "the kernel's text or constants have changed"
        self.report("dma-" + name, problem, text)


def read(path):
    return open(path, encoding="utf-8", errors="replace").read()


def main():
    machine = Machine(hosted.parser(__doc__).parse_args())
    for name in RUNS:
        machine.run(name)
    print(f"{machine.passed} passed, {machine.failed} failed")
    return 1 if machine.failed else 0


if __name__ == "__main__":
    sys.exit(main())
