# SPDX-License-Identifier: MIT
"""bench/mechanisms: one server, one client, one interface, and a call between them under each mechanism of isolation (docs/mechanisms.md): instructions under
QEMU's instruction counting on bare metal, time and core cycles in the hosted kernel. The client is confined by sfi throughout; the server's image is compiled from
the same source in the flavour that its mechanism takes."""
import os
import re
import tempfile

from emulator import ROOT, make_archive, run_counted, tail

WHAT = {"none": "no isolation: a switch of stacks", "sfi": "verified code", "pks": "protection keys for supervisor pages", "paging": "page table, ring 3",
        "process": "process, futex"}
BARE = ("none", "sfi", "pks", "paging")
HOSTED = {"none": 2000, "sfi": 2000, "process": 20}  # calls in a batch


def archive(options, failure, folder, mechanism, with_meter):
    """The system with its server under a mechanism; its path."""
    manifest, path = os.path.join(folder, "mechanisms.toml"), os.path.join(folder, mechanism + ".archive")
    with open(manifest, "w", encoding="utf-8") as file:
        for name in ("systems/bench.toml", "bench/meter.toml")[:1 + with_meter]:
            with open(os.path.join(ROOT, name), encoding="utf-8") as part:
                file.write(part.read())
    return make_archive(options, failure, manifest, path, "--isolation", f"call-server={mechanism}")


def instructions(options, failure, folder, mechanism):
    """Of one call there and back, by kind: ticks of a machine whose clock counts instructions."""
    path, log = archive(options, failure, folder, mechanism, True), os.path.join(folder, "log")
    run_counted(options, failure, path, log, f"the system with {mechanism}", "-serial", f"file:{log}")
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = {name: int(ticks) / int(count) for name, ticks, count in re.findall(r"batch (\w+): (\d+) in (\d+)", text)}
    if not {"local", "call", "record"} <= found.keys():
        raise failure(f"{mechanism}: the system's report is incomplete; its log ends with:\n{tail(log)}")
    return {name: round(value, 1) for name, value in found.items()}


def measure(options, failure, harness):
    """All of it as data: {"bare": {mechanism: {kind: instructions}}, "hosted": {mechanism: {kind: {"ns", "cycles"}}}}. `harness': runs BUILD/bench/mechanisms."""
    bare, hosted = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for mechanism in BARE:
            bare[mechanism] = instructions(options, failure, folder, mechanism)
        for mechanism, calls in HOSTED.items():
            path = archive(options, failure, folder, mechanism, False)
            one = harness(options, "mechanisms", path, 11 if options.quick else 401, calls)
            hosted[mechanism] = {kind["name"]: {"ns": kind["ns"], "cycles": kind["cycles"]} for kind in one["kinds"]}
    return {"benchmark": "mechanisms", "bare": bare, "hosted": hosted, "targets": []}
