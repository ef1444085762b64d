#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Crash the disk's driver domain again and again under a working Linux guest, and count what the guest notices.

The guest writes files, forgets its caches, reads them back and compares checksums, on four streams at once. Meanwhile
the disk's driver is broken in thirteen ways. For each crash: what was detected, where, how many requests in flight the next instance
replayed, and the processor's ticks from the crash to the first completed request (QEMU counts one tick for each
instruction here, and one for each nanosecond in which everybody waits; with several processors ticks are time).
"""
import argparse
import os
import random
import re
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools", "run"))
sys.path.insert(0, os.path.join(ROOT, "tools", "bhctl"))
from machine import Machine, Trouble  # noqa: E402  pylint: disable=wrong-import-position
from bhctl import KINDS, source_line  # noqa: E402  pylint: disable=wrong-import-position

DISK_OPERATIONS = 2000  # a second
VMM_KINDS = ("null", "wild-kernel", "wild-slot", "undefined", "divide", "loop", "control-stack", "data-stack", "panic")  # that need no ring and no device
RESTARTED = r"I {}: restarted: (\d+) requests replayed, first request completed at tick (\d+)"
LOAD = r"""
cat >/tmp/load <<'END'
n=$1; rounds=0; errors=0; mismatches=0
while [ ! -e /tmp/stop ]; do
    f=/root/load$n
    dd if=/dev/urandom of=/tmp/data$n bs=4k count=64 2>/dev/null
    dd if=/tmp/data$n of=$f bs=16k oflag=direct 2>/dev/null || errors=$((errors + 1))
    sync
    echo 1 >/proc/sys/vm/drop_caches
    want=$(md5sum </tmp/data$n); have=$(dd if=$f bs=16k iflag=direct 2>/dev/null | md5sum) || errors=$((errors + 1))
    [ "$want" = "$have" ] || mismatches=$((mismatches + 1))
    rounds=$((rounds + 1))
done
echo "$rounds $errors $mismatches" >/tmp/result$n
END
rm -f /tmp/stop; dmesg -c >/dev/null; dmesg -n 1
for n in 1 2 3 4; do sh /tmp/load $n & done; echo "load"-runs
"""
FINISH = r"""
touch /tmp/stop; wait; set -- $(cat /tmp/result* | awk '{r+=$1; e+=$2; m+=$3} END {print r, e, m}')
noticed=$(dmesg | grep -c -i -E 'i/o error|ext4-fs error|timed out|blocked for more')
echo "result:" rounds $1 errors $(($2 + noticed)) mismatches $3 end
"""


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--crashes", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="order and moments of the crashes")
    parser.add_argument("--backtrace", action="store_true", help="show the symbolized backtrace of each crash")
    parser.add_argument("--disk-driver", default="virtio-blk", help="virtio-blk or nvme")
    parser.add_argument("--cpus", type=int, default=1, help="processors of the machine")
    parser.add_argument("--packed", action="store_true", help="the disk has packed virtqueues instead of split ones")
    parser.add_argument("--isolation", action="append", default=[], metavar="DOMAIN=MECHANISM", help="isolate a domain by this mechanism (docs/mechanisms.md)")
    parser.add_argument("--iommu", choices=("on", "off"), default="on", help="off: a machine without one; then nobody catches DMA that goes astray, and it is left out")
    parser.add_argument("--vmm", action="store_true", help="crash the vmm under its guest, too, after each crash of the driver")
    parser.add_argument("--folder", help="where logs and sockets go (build/demo)")
    return parser.parse_args()


def wait_for_restart(machine, count):
    """The driver's line after its restart number `count`."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and machine.running():
        machine.poll_log()
        found = re.findall(RESTARTED.format(machine.disk_driver), machine.log_text)
        if len(found) >= count:
            return tuple(map(int, found[count - 1]))
        time.sleep(0.02)
    raise Trouble(f"{machine.disk_driver} did not come back after crash {count}; kernel log: {machine.path('kernel.log')}")


def crash(machine, how, number):
    """Break the driver once. Returns a row of the table."""
    machine.control.ask(f"crash {machine.disk_driver} {how}")
    replayed, tick = wait_for_restart(machine, number)
    record = machine.control.ask(f"backtrace {machine.disk_driver}")
    frame = record["frames"][0] if record["frames"] else None
    where = f"{frame['symbol'] or '?'}+0x{frame['within']:x}" if frame else "-"
    return {"how": how, "cause": record["cause"], "text": record["text"], "where": where, "replayed": replayed, "ticks": tick - record["tick"],
            "frames": record["frames"]}


def crash_vmm(machine, how, number):
    """Break the vmm under its guest. Returns a row; its ticks are those to the guest's next instruction."""
    machine.control.ask(f"crash vmm {how}")
    deadline = time.monotonic() + 60
    while len(ticks := re.findall(r"I vmm: the guest runs again at tick (\d+)", machine.log_text)) < number:
        if time.monotonic() > deadline or not machine.running():
            raise Trouble(f"the vmm did not come back after crash {number}; kernel log: {machine.path('kernel.log')}")
        machine.poll_log()
        time.sleep(0.02)
    record = machine.control.ask("backtrace vmm")
    return {"how": how, "cause": record["cause"], "ticks": int(ticks[number - 1]) - record["tick"]}


def show_row(number, row, arguments):
    print(f"{number:3}  {row['how']:14} {row['cause']:24} {row['where']:26} {row['replayed']:8} {row['ticks']:14,}", flush=True)
    for index, frame in enumerate(row["frames"] if arguments.backtrace else []):
        place = source_line(arguments.build, arguments.disk_driver, frame["offset"] - (1 if index else 0))
        print(f"       #{index} {frame['symbol'] or '?'}+0x{frame['within']:x}  {place}")


def run(arguments):
    chance = random.Random(arguments.seed)
    # QEMU itself hangs or ends when DMA of its packed virtqueues or of its NVMe controller goes astray (docs/dma.md).
    astray = arguments.iommu == "on" and arguments.disk_driver == "virtio-blk" and not arguments.packed
    # A hang shows by time alone, and in a machine that counts instructions little of it passes.
    order, kinds = [], [kind for kind in KINDS if kind != "hang" and (kind != "dma" or astray)]
    while len(order) < arguments.crashes:
        order += chance.sample(kinds, len(kinds))
    order = order[:arguments.crashes]
    options = {"snapshot": True, "folder": arguments.folder or os.path.join(arguments.build, "demo"), "cpus": arguments.cpus, "isolation": arguments.isolation,
               "choose": [f"disk={arguments.disk_driver}"],
               "packed": arguments.packed,
               "iommu": arguments.iommu == "on",
               "extra": ["-icount", "shift=0,sleep=off"] if arguments.cpus == 1 else [],
               "settings": ["vmm.cmdline=console=ttyS0 quiet panic=-1"],
               # A disk that takes its time, so that there are requests in flight at each crash.
               "drive_options": [f"throttling.iops-total={DISK_OPERATIONS}"]}
    with Machine(arguments.build, "linux", **options) as machine:
        print("booting the guest; its disk is a snapshot, nothing is kept", flush=True)
        machine.wait_for("guest:~#", 120)
        machine.send(LOAD)
        machine.wait_for("\nload-runs", 60)
        print(f"\n{'':3}  {'broken by':14} {'detected as':24} {'where':26} {'replayed':>8} {'ticks to serve':>14}")
        rows, vmm_rows = [], []
        for number, how in enumerate(order, 1):
            time.sleep(chance.uniform(0.05, 0.4))
            rows.append(crash(machine, how, number))
            show_row(number, rows[-1], arguments)
            if arguments.vmm and how in VMM_KINDS:
                vmm_rows.append(crash_vmm(machine, how, len(vmm_rows) + 1))
                print(f"{'':3}  {how:14} {vmm_rows[-1]['cause']:24} {'the vmm, under its guest':26} {'':8} {vmm_rows[-1]['ticks']:14,}", flush=True)
        machine.send(FINISH)
        match = machine.wait_for(r"result: rounds (\d+) errors (\d+) mismatches (\d+) end", 120)
        rounds, errors, mismatches = map(int, match.groups())
        machine.send("exit 0\n")
        machine.wait(60)
    ways = len({row["how"] for row in rows})
    ticks = sorted(row["ticks"] for row in rows)
    print(f"\n{len(rows)} crashes in {ways} ways; {sum(row['replayed'] for row in rows)} requests in flight were replayed; "
          f"ticks to serve: median {ticks[len(ticks) // 2]:,}")
    if vmm_rows:
        to_run = sorted(row["ticks"] for row in vmm_rows)
        print(f"the vmm died {len(vmm_rows)} times; ticks to the guest's next instruction: median {to_run[len(to_run) // 2]:,}")
    print(f"the guest wrote and read back {rounds} files: {errors} guest-visible errors, {mismatches} checksum mismatches")
    if errors or mismatches or not rounds:
        print("the demonstration FAILED")
        return 1
    return 0


def main():
    arguments = parse()
    try:
        return run(arguments)
    except Trouble as trouble:
        print(f"demo.py: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; the machine was stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
