# SPDX-License-Identifier: MIT
"""bench/boot: instructions from QEMU's start to the guest's shell, in Bulkhead and with the same guest directly on the emulator, and
where they go. Counted by a plugin of the emulator (bench/plugin/count.c), by address."""
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile

from table import Table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tools", "run"))
from machine import Machine, Trouble  # noqa: E402

PROMPT = r"guest:~# "
TIMEOUT_S = 240
SLOT_AREA, SLOT_SIZE, SLOT_COUNT = 0x100000000000, 1 << 32, 64  # kernel/abi/slot.h


def text_range(path):
    """Start and end of an ELF file's executable segments."""
    with open(path, "rb") as file:
        data = file.read()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = [struct.unpack_from("<IIQQQQQQ", data, offset + index * size) for index in range(count)]
    text = [(one[3], one[3] + one[6]) for one in found if one[0] == 1 and one[1] & 1]
    return min(start for start, _ in text), max(end for _, end in text)


def symbols(*files):
    """(address, name) of each function defined in some object files or archives."""
    text = subprocess.run(["llvm-nm-19", "--defined-only", *files], capture_output=True, text=True, check=False).stdout
    return [(int(address, 16), name) for address, name in re.findall(r"^([0-9a-f]+) [tTwW] (\S+)", text, re.M)]


def kernel_ranges(build):
    """The kernel's text in runs of functions: of the verifier with capstone, of the C library, its own."""
    kernel, libraries = os.path.join(build, "pc"), os.path.join(build, "third-party", "kernel", "lib")
    verifier = glob.glob(os.path.join(kernel, "obj", "kernel", "verifier", "*.o"))
    origin = {name: "kernel-libc" for _, name in symbols(os.path.join(libraries, "libc.a"))}
    origin |= {name: "kernel-verifier" for _, name in symbols(os.path.join(libraries, "libcapstone.a"), *verifier)}
    image = os.path.join(kernel, "bulkhead.elf")
    start, end = text_range(image)
    runs = [[start, "kernel"]]
    for address, name in sorted(symbols(image)):
        if start <= address < end and origin.get(name, "kernel") != runs[-1][1]:
            runs.append([address, origin.get(name, "kernel")])
    return [(name, at, runs[index + 1][0] if index + 1 < len(runs) else end) for index, (at, name) in enumerate(runs)]


def count(options, folder, ranges, **arguments):
    """Boot to the shell; instructions by name of range, and the kernel's log."""
    out = os.path.join(folder, "counts")
    plugin = os.path.join(os.path.abspath(options.build), "bench", "count.so")
    words = "".join(f",range={name}:{start:x}:{end:x}" for name, start, end in ranges)
    with Machine(build=options.build, system="linux", snapshot=True, folder=folder, extra=["-plugin", f"{plugin},out={out}{words}"],
                 **arguments) as machine:
        machine.wait_for(PROMPT, timeout=TIMEOUT_S)
        log = machine.log_text
    machine.process.wait(10)
    counts = {}
    with open(out, encoding="ascii") as file:
        for name, number in (line.split() for line in file):
            counts[name] = counts.get(name, 0) + int(number)
    return counts, log


def run(options, failure):
    for path in ("bench/count.so", "guest/vmlinuz", "guest/initrd", "guest/disk.img"):
        if not os.path.exists(os.path.join(options.build, path)):
            raise failure(f"{options.build}/{path} is missing; `make bench' builds it")
    guest = os.path.join(options.build, "guest")
    ranges = kernel_ranges(options.build)
    ranges += [(f"slot{number}", SLOT_AREA + number * SLOT_SIZE, SLOT_AREA + (number + 1) * SLOT_SIZE) for number in range(SLOT_COUNT)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            counts, log = count(options, folder, ranges)
        with tempfile.TemporaryDirectory() as folder:
            direct, _ = count(options, folder, [], kernel=os.path.join(guest, "vmlinuz"), archive=os.path.join(guest, "initrd"),
                              command_line="console=ttyS0")
    except (Trouble, OSError) as error:
        raise failure(str(error)) from error
    names = {f"slot{number}": name for name, number in re.findall(r"I ([\w.-]+): started in slot (\d+)", log)}
    titles = {"rest": "guest and firmware", "kernel": "kernel", "kernel-verifier": "kernel: verifier with capstone",
              "kernel-libc": "kernel: C library (copying and clearing memory, mostly)"}
    parts = [{"name": titles.get(name) or f"domain {names.get(name, name)}", "instructions": number} for name, number in counts.items() if number]
    parts.sort(key=lambda part: -part["instructions"])
    whole, alone = sum(part["instructions"] for part in parts), direct["rest"]
    table = Table("From the emulator's start to the guest's shell, instructions counted", ["", "millions", "share"])
    for part in parts:
        table.row(f"in Bulkhead: {part['name']}", f"{part['instructions'] / 1e6:,.1f}", f"{part['instructions'] / whole:.1%}")
    table.row("in Bulkhead, all", f"{whole / 1e6:,.1f}", "")
    table.row("the same guest directly on the emulator", f"{alone / 1e6:,.1f}", "")
    table.note(f"ratio: {whole / alone:.2f}")
    return {"benchmark": "boot", "parts": parts, "bulkhead": whole, "direct": alone, "ratio": round(whole / alone, 3), "targets": []}, table
