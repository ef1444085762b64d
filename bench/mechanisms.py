# SPDX-License-Identifier: MIT
"""bench/mechanisms: one server, one client, one interface, and a call between them under each mechanism of isolation (docs/mechanisms.md): instructions under
QEMU's instruction counting on bare metal, time and core cycles in the hosted kernel. The client is confined by sfi throughout; the server's image is compiled from
the same source in the flavour that its mechanism takes."""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MKIMAGE = os.path.join(ROOT, "tools", "mkimage", "mkimage.py")
WHAT = {"none": "no isolation: a switch of stacks", "sfi": "verified code", "pks": "protection keys for supervisor pages", "paging": "page table, ring 3",
        "process": "process, futex"}
BARE = ("none", "sfi", "pks", "paging")
HOSTED = {"none": 2000, "sfi": 2000, "process": 20}  # calls in a batch
TIMEOUT_S = 120


def archive(options, failure, folder, mechanism, with_meter):
    """The system with its server under a mechanism; its path."""
    manifest, path = os.path.join(folder, "mechanisms.toml"), os.path.join(folder, mechanism + ".archive")
    with open(manifest, "w", encoding="utf-8") as file:
        for name in ("systems/bench.toml", "bench/meter.toml")[:1 + with_meter]:
            with open(os.path.join(ROOT, name), encoding="utf-8") as part:
                file.write(part.read())
    made = subprocess.run([sys.executable, MKIMAGE, "--build", options.build, "-o", path, "--isolation", f"call-server={mechanism}", manifest],
                          capture_output=True, text=True, check=False)
    if made.returncode:
        raise failure(made.stderr.strip())
    return path


def instructions(options, failure, folder, mechanism):
    """Of one call there and back, by kind: ticks of a machine whose clock counts instructions."""
    path, log = archive(options, failure, folder, mechanism, True), os.path.join(folder, "log")
    command = ["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "512M", "-display", "none", "-no-reboot", "-net", "none", "-icount",
               "shift=0,sleep=off", "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-serial", f"file:{log}",
               "-kernel", os.path.join(options.build, "pc", "bulkhead.elf"), "-initrd", path]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except FileNotFoundError as error:
        raise failure("qemu-system-x86_64 is missing; tools/setup.sh installs it") from error
    except subprocess.TimeoutExpired as error:
        raise failure(f"{mechanism}: the system did not end within {TIMEOUT_S} s") from error
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    found = {name: int(ticks) / int(count) for name, ticks, count in re.findall(r"batch (\w+): (\d+) in (\d+)", text)}
    if done.returncode != 1 or not {"local", "call", "record"} <= found.keys():
        raise failure(f"{mechanism}: the system ended with {done.returncode}; its log ends with:\n" + "\n".join(text.splitlines()[-6:]))
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
