# SPDX-License-Identifier: MIT
"""bench/dma: what it takes to lend a buffer to a driver for its device, and to take it back: instructions by size of the buffer, with an IOMMU and without, and
how often the IOMMU had to forget (the emulator's plugin counts passes of the functions that order it to). Without an IOMMU the same calls map nothing."""
import os
import re
import statistics
import tempfile

from emulator import ROOT, make_archive, run_counted, symbols, tail

SIZES = ("4K", "64K", "2M")
EDU = ("-device", "edu,dma_mask=0xffffffffffffff")  # a device as good as any: nothing is transferred
UNIT = ("-device", "intel-iommu,intremap=off")      # before all other devices
# Name: what it is, QEMU's options, the kernel's command line.
MACHINES = {"none": ("without an IOMMU", EDU, ""),
            "queue": ("with one, told by its queue", (*UNIT, *EDU), ""),
            "registers": ("with one, told by its registers", (*UNIT, *EDU), "iommu=registers")}
ROUND, FORGET = "caps_derive", ("vtd_forget_space", "vtd_forget_contexts")


def forgotten(passes):
    """How often the IOMMU was told to forget in each round: a round begins where the lender derives what it lends."""
    rounds = []
    for place in passes:
        if place == ROUND:
            rounds.append(0)
        elif rounds:
            rounds[-1] += 1
    return rounds


def run_one(options, failure, name, archive, folder):
    """One machine: by size, the median instructions of a mapping and an unmapping; and how often its IOMMU forgets in one round."""
    what, devices, command_line = MACHINES[name]
    plugin, log, out = os.path.join(os.path.abspath(options.build), "bench", "count.so"), os.path.join(folder, "log"), os.path.join(folder, "counts")
    kernel = symbols(os.path.join(options.build, "pc", "bulkhead.elf"))
    marks = "".join(f",mark={place}:{kernel[place]:x}" for place in (ROUND, *FORGET))
    run_counted(options, failure, archive, log, f"the machine {what}", *devices, "-append", command_line, "-serial", f"file:{log}", "-plugin", f"{plugin},out={out}{marks}")
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    with open(out, encoding="ascii") as file:
        rounds = forgotten(re.findall(r"^mark (\S+) \d+$", file.read(), re.M))
    samples = {size: [(int(there), int(back)) for there, back in re.findall(rf"lent {size}: (\d+) (\d+)", text)] for size in SIZES}
    if any(len(of) < 8 for of in samples.values()) or len(rounds) < 8 * len(SIZES):
        raise failure(f"{what}: the system's report is incomplete; its log ends with:\n{tail(log)}")
    if ("is not confined" in text) != (name == "none"):
        raise failure(f"{what}: the kernel's log says otherwise:\n{text[:800]}")
    medians = {size: {"map": statistics.median(there for there, _ in of), "unmap": statistics.median(back for _, back in of)} for size, of in samples.items()}
    return {"sizes": medians, "forgotten": statistics.median(rounds[-8 * len(SIZES):])}


def run(options, failure):
    with tempfile.TemporaryDirectory() as folder:
        archive = make_archive(options, failure, os.path.join(ROOT, "bench", "dma.toml"), os.path.join(folder, "dma.archive"))
        machines = {name: run_one(options, failure, name, archive, folder) for name in MACHINES}
    for one in machines.values():
        for size, found in one["sizes"].items():
            found["ratio"] = (found["map"] + found["unmap"]) / sum(machines["none"]["sizes"][size][kind] for kind in ("map", "unmap"))
    return {"benchmark": "dma", "machines": machines, "targets": []}
