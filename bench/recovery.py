# SPDX-License-Identifier: MIT
"""bench/recovery: what a death and a restart cost. Three parts: instructions from the fault to the first request that the successor completes, stage by stage, on
bare metal with the disk's driver (counted by the emulator's plugin, bench/plugin/count.c, at the entries of functions); times beside Linux processes that are killed
and started again (bench/harness/main/recovery.c); and the throughput of a Linux guest's disk while its driver is broken ten times a second."""
import os
import re
import statistics
import subprocess
import sys
import tempfile

from emulator import ROOT, make_archive, run_counted, symbols, tail

sys.path.insert(0, os.path.join(ROOT, "tools", "run"))
from machine import Machine, Trouble  # noqa: E402

SLOT_AREA, SLOT_SIZE = 0x100000000000, 1 << 32  # kernel/abi/slot.h
DRIVER = "virtio-blk"
# (name, where it begins, what happens in it). Places: functions of the kernel, or of the driver (with a point in front).
STAGES = (("detect", ".bh_inject", "the driver's fault, the trap, who is to blame"),
          ("record", "crash_domain", "all processors stopped; backtrace and log"),
          ("unwind", "core_write", "core file, if somebody wants one; each thread back to who called"),
          ("reset", "resources_domain_died", "the device: reset, interrupts, windows, DMA memory"),
          ("reclaim", "rings_domain_died", "rings' new epoch, buffers, capabilities, stacks, image"),
          ("decide", "event_raise", "the supervisor wakes, looks, and asks for the restart"),
          ("load", "domain_start", "image copied and relocated, a thread"),
          ("start", ".bh_start", "the driver: device opened, queue made, serial number read"),
          ("replay", ".bh_ring_take", "requests in flight taken from the log, given to the device; the first is completed"))
END = ".bh_ring_end"
INTERVAL_MS = 100
TURNS, TURN_S, SECTOR = 5, 2, 512
COUNTED = ["-icount", "shift=3,sleep=on"]  # time is instructions while anybody computes: not what the emulator needs to translate a new instance's code
GUEST_PROMPT = r"guest:~# "
# Sectors that the kernel of the guest has had from its disk meanwhile, and errors that it saw.
GUEST_TURN = r"""while :; do dd if=/dev/vda of=/dev/null bs=64k iflag=direct 2>/dev/null; done & load=$!; sleep 0.2; """ \
             r"""a=$(awk '$3 == "vda" {print $6}' /proc/diskstats); sleep %d; b=$(awk '$3 == "vda" {print $6}' /proc/diskstats); kill $load; killall dd; wait; """ \
             r"""echo "turn"%d:$((b - a)):$(dmesg | grep -c -i 'i/o error')""" + "\n"


def slot_of(log, name):
    found = re.search(rf"I {re.escape(name)}: started in slot (\d+)", log)
    return int(found.group(1)) if found else None


def marks_of(build, slot):
    """Arguments of the plugin: a mark for the beginning of each stage, and for the end."""
    kernel, driver = symbols(os.path.join(build, "pc", "bulkhead.elf")), symbols(os.path.join(build, "domains", DRIVER + ".elf"))
    words = ""
    for place in [place for _, place, _ in STAGES] + [END]:
        address = SLOT_AREA + slot * SLOT_SIZE + driver[place[1:]] if place[0] == "." else kernel[place]
        words += f",mark={place}:{address:x}"
    return words


def stages_of(passes):
    """The passes of marks, [(place, count)], as rounds: instructions of each stage. A round begins with the fault; in it each place counts when it comes the first
    time behind the one before it."""
    places, rounds, at, counts = [place for _, place, _ in STAGES] + [END], [], None, []
    for place, count in passes:
        if place == places[0]:
            at, counts = 0, []
        if at is not None and place == places[at]:
            counts.append(count)
            at += 1
            if at == len(places):
                rounds.append([after - before for before, after in zip(counts, counts[1:])])
                at = None
    return rounds


def count_stages(options, failure):
    """Instructions by stage of each round, and what memory the dead gave back: {"rounds": [[...]], "memory": {domain: bytes}}."""
    plugin, archive = os.path.join(os.path.abspath(options.build), "bench", "count.so"), os.path.join(options.build, "bench", "recovery-disk.archive")
    with tempfile.TemporaryDirectory() as folder:
        log, out, disk = (os.path.join(folder, name) for name in ("log", "counts", "disk"))
        with open(disk, "wb") as file:
            file.truncate(1 << 20)
        device = ["-drive", f"if=none,id=disk0,format=raw,file={disk}", "-device", "virtio-blk-pci,drive=disk0,disable-legacy=on", "-debugcon", f"file:{log}"]
        run_counted(options, failure, archive, log, "the system whose driver dies", *device, counting=False)  # which slot the driver has
        with open(log, encoding="utf-8", errors="replace") as file:
            slot = slot_of(file.read(), DRIVER)
        if slot is None:
            raise failure(f"{DRIVER} did not start; the log ends with:\n{tail(log)}")
        run_counted(options, failure, archive, log, "the system whose driver dies", *device, "-plugin", f"{plugin},out={out}{marks_of(options.build, slot)}",
                    counting=False)
        with open(out, encoding="ascii") as file:
            rounds = stages_of([(name, int(count)) for name, count in re.findall(r"^mark (\S+) (\d+)$", file.read(), re.M)])
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
    memory = {name: int(freed) for name, freed in re.findall(r"memory (\S+): (\d+) bytes", text)}
    if len(rounds) < 5 or len(memory) < 2:
        raise failure(f"of the restarts {len(rounds)} were seen whole; the log ends with:\n{text[-400:]}")
    return {"rounds": rounds, "memory": memory}


def tell_saboteur(options, folder, interval_ms):
    bhctl, line = os.path.join(options.build, "bin", "bhctl"), os.path.join(folder, "control.sock")
    done = subprocess.run([bhctl, "call", "--socket", line, "saboteur", "start", str(interval_ms)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"the saboteur cannot be told: {done.stderr.strip()}")


def throughput(options, failure):
    """Bytes that a Linux guest reads from its disk in a turn, undisturbed and while the driver dies every INTERVAL_MS, in turns."""
    turns, crashes = {"calm": [], "crashes": []}, 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            manifest = os.path.join(folder, "linux.toml")
            with open(manifest, "w", encoding="utf-8") as file:
                for name in ("systems/linux.toml", "bench/recovery/saboteur.toml"):
                    with open(os.path.join(ROOT, name), encoding="utf-8") as part:
                        file.write(part.read().replace("restart_window_ms = 60000", "restart_window_ms = 100"))
            archive = make_archive(options, failure, manifest, os.path.join(folder, "linux.archive"))
            with Machine(build=options.build, system="linux", snapshot=True, folder=folder, archive=archive, extra=COUNTED) as machine:
                machine.wait_for(GUEST_PROMPT, timeout=240)
                for number in range(2 * TURNS):
                    kind = "crashes" if number % 2 else "calm"
                    tell_saboteur(options, folder, INTERVAL_MS if number % 2 else 0)
                    machine.send(GUEST_TURN % (TURN_S, number))
                    seen = machine.wait_for(rf"turn{number}:(\d+):(\d+)", timeout=60)
                    if int(seen.group(2)):
                        raise failure("the guest saw an error of its disk")
                    turns[kind].append(int(seen.group(1)) * SECTOR)
                machine.poll_log()
                crashes = len(re.findall(rf"I {DRIVER}: restarted: ", machine.log_text))
    except (Trouble, OSError) as error:
        raise failure(str(error)) from error
    shares = [broken / calm for calm, broken in zip(turns["calm"], turns["crashes"])]
    return {"interval_ms": INTERVAL_MS, "turn_s": TURN_S, "bytes": turns, "restarts": crashes, "shares": shares, "share": statistics.median(shares)}
