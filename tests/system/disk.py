#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Block drivers in QEMU (disk.toml): the scribe's requests of every shape, the driver broken in ten ways in the middle, on NVMe controllers of
several kinds, and on virtio. Afterwards the image has what the scribe wrote. And the Linux guest on NVMe. Ends with `N passed, N failed`."""
import os
import re
import shutil
import subprocess
import sys
import zlib

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tools", "run")]
from checks import Suite, check  # noqa: E402  pylint: disable=wrong-import-position
from machine import Machine  # noqa: E402  pylint: disable=wrong-import-position

DISK_SIZE = 8 << 20
LIMIT_S = 90
suite = Suite("disk")


class Disk:
    """An empty image, and a machine whose disk it is."""

    def __init__(self, build, name):
        self.build, self.folder = build, os.path.join(build, "system-tests", "disk-" + name)
        os.makedirs(self.folder, exist_ok=True)
        self.image = os.path.join(self.folder, "disk.img")
        with open(self.image, "wb") as file:
            file.truncate(DISK_SIZE)
        self.drives = [f"if=none,id=d0,format=raw,file={self.image}"]
        self.log = ""

    def run(self, devices=("nvme,serial=scribe-1,drive=d0",), driver="nvme", cpus=1, settings=(), expect=0):
        """To its end; `expect`: the status with which it powers off, or a text in the log that ends the run. Returns what the scribe says."""
        extra = [word for drive in self.drives for word in ("-drive", drive)] + [word for device in devices for word in ("-device", device)]
        options = {"folder": self.folder, "memory": "256M", "cpus": cpus, "extra": extra, "wants_disk": False, "choose": [f"disk={driver}"],
                   "settings": list(settings)}
        with Machine(self.build, os.path.join("tests", "system", "disk.toml"), **options) as machine:
            if isinstance(expect, str):
                machine.wait_for(expect, LIMIT_S, log=True)
                self.log = machine.log_text
                return None
            status = machine.wait(LIMIT_S)
            self.log = machine.log_text
        check(status == expect, f"status {status}; " + "; ".join(self.log.splitlines()[-5:]))
        found = re.search(r"ok: (\d+) restarts of \S+ blocks of (\d+) bytes, checksum ([0-9a-f]+)", self.log)
        check(found, "the scribe does not say ok")
        return int(found.group(1)), int(found.group(2)), int(found.group(3), 16)

    def has(self, checksum):
        with open(self.image, "rb") as file:
            check(zlib.adler32(file.read()) == checksum, "the image does not have what was written")


@suite.test
def nvme_keeps_what_is_written_while_its_driver_dies_in_ten_ways(build):
    disk = Disk(build, "deaths")
    restarts, block, checksum = disk.run(settings=["scribe.deaths=20", "scribe.requests=800"])
    check((restarts, block) == (20, 512), (restarts, block))
    check(re.search(r'namespace 1, 16384 sectors in blocks of 512 bytes, 2 queue pairs, flush, serial "scribe-1"', disk.log), disk.log[-800:])
    check(len(re.findall(r"nvme: restarted: \d+ requests replayed", disk.log)) > 10, "restarts are told")  # but by those that die before they end anything
    check(any(int(n) for n in re.findall(r"restarted: (\d+) requests replayed", disk.log)), "nothing was in flight at any death")
    disk.has(checksum)


@suite.test
def nvme_with_blocks_of_4096_bytes_and_four_queues(build):
    disk = Disk(build, "4096")
    restarts, block, checksum = disk.run(["nvme,serial=x,drive=d0,logical_block_size=4096,physical_block_size=4096"], cpus=4,
                                         settings=["nvme.queues=4", "scribe.deaths=10", "scribe.seed=2"])
    check(restarts == 10 and block == 4096 and "4 queue pairs" in disk.log, disk.log[-800:])
    disk.has(checksum)


@suite.test
def nvme_that_moves_only_8_KiB_at_a_time_and_has_one_queue(build):
    disk = Disk(build, "small")
    restarts, _, checksum = disk.run(["nvme,serial=x,drive=d0,mdts=1,max_ioqpairs=1,msix_qsize=1"], settings=["nvme.queues=8", "scribe.deaths=3", "scribe.seed=3"])
    check(restarts == 3 and "1 queue pairs" in disk.log, disk.log[-800:])
    disk.has(checksum)


@suite.test
def nvme_read_only(build):
    _, _, checksum = Disk(build, "read-only").run(settings=["nvme.read_only=1"])
    check(checksum == zlib.adler32(bytes(DISK_SIZE)), "a disk of zeros")


@suite.test
def of_two_namespaces_the_setting_says_which(build):
    disk = Disk(build, "namespaces")
    devices = ["nvme,serial=x,id=n0", "nvme-ns,drive=d1,bus=n0,nsid=1", "nvme-ns,drive=d0,bus=n0,nsid=3"]
    other = os.path.join(disk.folder, "other.img")
    with open(other, "wb") as file:
        file.truncate(DISK_SIZE // 2)
    disk.drives.append(f"if=none,id=d1,format=raw,file={other}")
    disk.run(devices, expect="several namespaces, 1, 3: say which by the setting namespace")
    restarts, _, checksum = disk.run(devices, settings=["nvme.namespace=3", "scribe.deaths=2"])
    check(restarts == 2, restarts)
    disk.has(checksum)
    disk.run(devices, settings=["nvme.namespace=2"], expect=r"no namespace 2 \(setting namespace\)")


@suite.test
def what_cannot_be_served_is_refused_in_words(build):
    disk = Disk(build, "refused")
    disk.run(["nvme,serial=x,id=n0", "nvme-ns,drive=d0,bus=n0,ms=8"], expect="8 bytes of metadata")
    disk.run(["nvme,serial=x"], expect="the controller has no namespace")
    disk.run(settings=["nvme.queues=99"], expect='setting queues = "99" is not between 1 and 8')
    disk.run(["virtio-blk-pci,drive=d0,disable-legacy=on"], expect="this machine has no device nvme:0, which nvme needs")


@suite.test
def virtio_keeps_what_is_written_while_its_driver_dies_in_ten_ways(build):
    disk = Disk(build, "virtio")
    restarts, _, checksum = disk.run(["virtio-blk-pci,drive=d0,disable-legacy=on"], driver="virtio-blk", cpus=4, settings=["scribe.deaths=20", "scribe.requests=800"])
    check(restarts == 20, restarts)
    disk.has(checksum)


# ---- the Linux guest


def command(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)


@suite.test
def the_guests_disk_moves_to_nvme_by_a_line_of_the_manifest(build):
    folder = Disk(build, "guest").folder
    with open(os.path.join(ROOT, "systems", "linux.toml"), encoding="utf-8") as file:
        text = file.read()
    check(text.count('\ndisk = "virtio-blk"') == 1, "the line")
    manifest = os.path.join(folder, "linux-nvme.toml")
    with open(manifest, "w", encoding="utf-8") as file:
        file.write(text.replace('\ndisk = "virtio-blk"', '\ndisk = "nvme"'))
    with Machine(build, manifest, folder=folder, wants_disk=True, wants_network=True, snapshot=True, settings=["vmm.cmdline=console=ttyS0 quiet"]) as machine:
        machine.wait_for("guest:~#")
        machine.send("dd if=/dev/urandom of=/root/x bs=1M count=6 2>/dev/null; a=$(md5sum </root/x); sync; echo 3 >/proc/sys/vm/drop_caches; "
                     "[ \"$a\" = \"$(md5sum </root/x)\" ] && echo same-$((6 * 7)); exit 4\n")
        machine.wait_for("same-42")
        check(machine.wait(60) == 4, machine.log_text)
        check("nvme: namespace 1, 524288 sectors" in machine.log_text and "virtio-blk" not in machine.log_text, machine.log_text)


@suite.test
def the_guests_nvme_disk_can_be_read_only(build):
    folder = Disk(build, "guest").folder
    image = shutil.copyfile(os.path.join(build, "guest", "disk.img"), os.path.join(folder, "read-only.img"))
    result = command(os.path.join("tools", "run", "run.py"), "--build", build, "--folder", folder, "--disk-driver", "nvme", "--disk", image, "--read-only",
                     "--command", "touch /root/x 2>/dev/null && echo written; cat /sys/block/vda/ro")
    check(result.returncode == 0 and result.stdout == "1\n", result.stdout + result.stderr)


@suite.test
def the_guests_nvme_driver_dies_in_ten_ways_and_the_guest_loses_nothing(build):
    result = command(os.path.join("tools", "demo", "demo.py"), "--build", build, "--folder", Disk(build, "guest").folder, "--crashes", "10", "--disk-driver", "nvme")
    check(result.returncode == 0 and "10 crashes in " in result.stdout and ": 0 guest-visible errors, 0 checksum mismatches" in result.stdout,
          result.stdout[-2500:] + result.stderr)


if __name__ == "__main__":
    sys.exit(suite.main(__doc__))
