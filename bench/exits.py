# SPDX-License-Identifier: MIT
"""bench/exits: what a VM exit costs there and back, in instructions: bench/guests/exit-cost.S times itself with rdtsc under QEMU's
instruction counting, where one tick is one instruction of whatever runs: guest, kernel or vmm domain."""
import os
import re
import tempfile

from emulator import ROOT, make_archive, run_counted, tail
from table import Table

LIMIT = 400
KINDS = {"port": ("a port served by the vmm domain (UART scratch register)", True), "cpuid": ("CPUID answered by the vmm domain", True),
         "msr": ("an MSR read, answered by the vmm domain", False), "apic": ("a device register in memory, decoded by the vmm domain", False)}
# Linux 6.1 KVM nested in the same emulator, measured once with the same guest; for scale.
FOR_SCALE = [("a port served by QEMU's process under nested KVM", 4766), ("a port served inside nested KVM", 1419), ("CPUID inside nested KVM", 2286)]


def start(options, failure, folder):
    """Run the guest to its end; what it printed and the kernel's log."""
    archive, console, log = (os.path.join(folder, name) for name in ("exits.archive", "console", "log"))
    make_archive(options, failure, os.path.join(ROOT, "systems", "exits.toml"), archive)
    run_counted(options, failure, archive, log, "the guest", "-chardev", f"file,id=log,path={log}", "-device", "isa-debugcon,iobase=0xe9,chardev=log",
                "-serial", f"file:{console}")
    with open(console, errors="replace", encoding="ascii") as file:
        return file.read(), log


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
