# SPDX-License-Identifier: MIT
"""bench/exits: what a VM exit costs there and back, in instructions: bench/guests/exit-cost.S times itself with rdtsc under QEMU's
instruction counting, where one tick is one instruction of whatever runs: guest, kernel or vmm domain."""
import os
import re
import subprocess
import sys
import tempfile

from table import Table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIMIT = 400
TIMEOUT_S = 120
KINDS = {"port": ("a port served by the vmm domain (UART scratch register)", True), "cpuid": ("CPUID answered by the vmm domain", True),
         "msr": ("an MSR read, answered by the vmm domain", False), "apic": ("a device register in memory, decoded by the vmm domain", False)}
# Linux 6.1 KVM nested in the same emulator, measured once with the same guest; for scale.
FOR_SCALE = [("a port served by QEMU's process under nested KVM", 4766), ("a port served inside nested KVM", 1419), ("CPUID inside nested KVM", 2286)]


def start(options, failure, folder):
    """Run the guest to its end; what it printed and the kernel's log."""
    kernel = os.path.join(options.build, "pc", "bulkhead.elf")
    archive, console, log = (os.path.join(folder, name) for name in ("exits.archive", "console", "log"))
    made = subprocess.run([sys.executable, os.path.join(ROOT, "tools", "mkimage", "mkimage.py"), "--build", options.build, "-o", archive,
                           os.path.join(ROOT, "systems", "exits.toml")], capture_output=True, text=True, check=False)
    if made.returncode:
        raise failure(made.stderr.strip())
    if not os.path.exists(kernel):
        raise failure(f"{kernel} is missing; `make bench' builds it")
    command = ["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "256M", "-display", "none", "-no-reboot", "-net", "none",
               "-icount", "shift=0,sleep=off", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-chardev", f"file,id=log,path={log}",
               "-device", "isa-debugcon,iobase=0xe9,chardev=log", "-serial", f"file:{console}", "-kernel", kernel, "-initrd", archive]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except FileNotFoundError as error:
        raise failure("qemu-system-x86_64 is missing; tools/setup.sh installs it") from error
    except subprocess.TimeoutExpired as error:
        raise failure(f"the guest did not end within {TIMEOUT_S} s; the kernel's log ends with:\n{tail(log)}") from error
    if done.returncode != 1:
        raise failure(f"the system ended with {done.returncode}: {done.stderr.strip()}\n{tail(log)}")
    with open(console, errors="replace", encoding="ascii") as file:
        return file.read(), log


def tail(path):
    try:
        with open(path, errors="replace", encoding="utf-8") as file:
            return "\n".join(file.read().splitlines()[-6:])
    except OSError:
        return "(no log)"


def run(options, failure):
    with tempfile.TemporaryDirectory() as folder:
        text, log = start(options, failure, folder)
        ticks = {name: int(value) for name, value in re.findall(r"^(\w+) (\d+)\s*$", text, re.M)}
        if not {"loop", *KINDS} <= ticks.keys():
            raise failure(f"the guest's report is incomplete: {text!r}; the kernel's log ends with:\n{tail(log)}")
    kinds = [{"name": name, "what": what, "instructions": ticks[name] - ticks["loop"], "target": target}
             for name, (what, target) in KINDS.items()]
    targets = [{"what": f"{kind['what']}, instructions", "value": kind["instructions"], "limit": LIMIT, "met": kind["instructions"] <= LIMIT}
               for kind in kinds if kind["target"]]
    table = Table("VM exits under QEMU's instruction counting: there and back", ["", "instructions"])
    for kind in kinds:
        table.row(kind["what"], str(kind["instructions"]))
    for what, instructions in FOR_SCALE:
        table.row(f"for scale: {what}", f"{instructions:,}")
    table.targets(targets)
    return {"benchmark": "exits", "kinds": kinds, "for_scale": dict(FOR_SCALE), "targets": targets}, table
