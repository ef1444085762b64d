#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Domain pci in QEMU (pci.toml): claims granted and refused, its death and its driver's, a domain pci gone bad; a disk in use while pci dies and the
driver's function is taken away; the Linux guest while pci dies. Ends with `N passed, N failed`."""
import os
import re
import subprocess
import sys
import zlib

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "run")]
from checks import Suite, check  # noqa: E402  pylint: disable=wrong-import-position
from machine import Machine  # noqa: E402  pylint: disable=wrong-import-position

DISK_SIZE = 8 << 20
LIMIT_S = 90
suite = Suite("pci")


def run(build, cpus, settings, words=()):
    """To its end with status 0; the kernel's log and what is on the disk."""
    folder = os.path.join(build, "system-tests", "pci")
    os.makedirs(folder, exist_ok=True)
    image = os.path.join(folder, "disk.img")
    with open(image, "wb") as file:
        file.truncate(DISK_SIZE)
    extra = ["-drive", f"if=none,id=d0,format=raw,file={image}", "-device", "nvme,serial=x,drive=d0"]
    extra += words
    with Machine(build, os.path.join("tests", "system", "pci.toml"), folder=folder, memory="256M", cpus=cpus, extra=extra, wants_disk=False,
                 settings=settings) as machine:
        status = machine.wait(LIMIT_S)
        check(status == 0, f"status {status}; " + "; ".join(machine.log_text.splitlines()[-6:]))
        with open(image, "rb") as file:
            return machine.log_text, file.read()


@suite.test
def claims_are_granted_and_refused_and_outlive_domain_pci(build):
    words = ["-device", "virtio-rng-pci,disable-legacy=on,iommu_platform=on", "-device", "pcie-root-port,id=rp0,chassis=1,slot=1",
             "-drive", "if=none,id=d1,driver=null-co,size=1M", "-device", "virtio-blk-pci,drive=d1,bus=rp0,disable-legacy=on,iommu_platform=on"]
    # The scribe is kept busy, so that the poacher alone ends the run.
    log, _ = run(build, 2, ["poacher.mode=rules", "scribe.requests=1000000"], words)
    check("ok: rules" in log, log[-800:])
    check(re.search(r"pci: poacher may not have 00:0\d.0 \(nvme\): nvme has it", log), "who has it is not said")
    check(re.search(r"device pci 00:0\d.0 belongs to nvme already, it cannot go to poacher too", log), "the kernel says it, too")


@suite.test
def a_disk_is_served_while_domain_pci_dies_and_the_function_is_taken_away(build):
    for cpus in (1, 4):
        log, disk = run(build, cpus, ["poacher.mode=harass", "scribe.requests=6000"])
        found = re.search(r"ok: (\d+) restarts of nvme, blocks of 512 bytes, checksum ([0-9a-f]+)", log)
        check(found and int(found.group(1)) > 2, log[-600:])
        check(log.count("pci: restarted in slot") > 5, "pci died too seldom")
        check(zlib.adler32(disk) == int(found.group(2), 16), "the image does not have what was written")


@suite.test
def bhctl_shows_who_has_what_and_the_guest_goes_on_without_pci(build):
    folder = os.path.join(build, "system-tests", "pci")

    def bhctl(*words):
        return subprocess.run([sys.executable, os.path.join("tools", "bhctl", "bhctl.py"), *words, "--socket", os.path.join(folder, "control.sock"), "--build", build],
                              capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    with Machine(build, "linux", folder=folder, snapshot=True, settings=["vmm.cmdline=console=ttyS0 quiet"]) as machine:
        machine.wait_for("guest:~#")
        shown = bhctl("pci").stdout
        line = next((line.split() for line in shown.splitlines() if "virtio-blk" in line), None)
        check(line and line[1:3] == ["1af4:1042", "010000"] and line.count("virtio-blk") == 2, shown)
        check(bhctl("kill", "pci").returncode == 0 and bhctl("kill", "virtio-blk").returncode == 0, "kill")
        machine.wait_for("virtio-blk: restarted in slot", log=True)
        machine.send("dd if=/dev/urandom of=/root/x bs=1M count=2 2>/dev/null && sync && echo works-$((6 * 7))\n")
        machine.wait_for("works-42")
        said = machine.said(log=True)
        machine.control.ask("crash pci leak")
        machine.wait_for(r"pci: leaked \d+ threads", log=True, since=said)
        machine.control.ask("kill virtio-blk")  # its successor asks a domain that has no memory for a while, and then dies
        machine.release_control()
        machine.wait_for(r"(?s)pci: dies: panic: no memory.*virtio-blk: \d+ sectors", log=True, since=said)
        machine.send("echo 3 >/proc/sys/vm/drop_caches; dd if=/root/x of=/dev/null 2>/dev/null && echo still-$((6 * 7))\n")
        machine.wait_for("still-42")
        taken = bhctl("pci", "--take-back", line[0])
        check(taken.returncode == 0, taken.stderr)
        machine.send("echo 3 >/proc/sys/vm/drop_caches; dd if=/root/x of=/dev/null 2>/dev/null && echo again-$((6 * 7))\n")
        machine.wait_for("again-42")
        wrong = bhctl("pci", "--take-back", "00:1f.0")
        check(wrong.returncode == 1 and "ENOENT" in wrong.stderr, wrong.stderr)
        machine.send("exit 3\n")
        check(machine.wait(60) == 3, machine.log_text[-500:])


if __name__ == "__main__":
    sys.exit(suite.main(__doc__))
