# SPDX-License-Identifier: MIT
"""bhctl upgrade: another image for a domain of the running system (docs/recovery.md)."""
import base64
import os
import shutil
import struct
import subprocess
import tempfile
import time

from machine import Trouble

BLOCK, SUMS = 1024, 1024  # domains/control/images.c
PIECE = 24 << 10  # bytes in one line of the control channel
CHECK_S = 70      # how long the kernel may take to verify
TRIAL_S = 20      # and a trial to be decided, on a busy machine


def build_of(data):
    """What the kernel calls the build of an image (kernel/domain/loader.c): FNV-1a by words over its segments, but for the ELF header. None: no image."""
    if len(data) < 64 or data[:4] != b"\x7fELF":
        return None
    table, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    value = 0xCBF29CE484222325
    for index in range(count):
        if table + index * size + 56 > len(data):
            return None
        kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", data, table + index * size)
        if kind != 1 or not length:
            continue
        part = data[max(offset, 64):offset + length]
        part += bytes(-len(part) % 8)
        for word, in struct.iter_unpack("<Q", part):
            value = ((value ^ word) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def without_debug(path):
    """The image without what only debuggers read, which is most of it; as it is when there is no tool for that or it is no ELF file."""
    data = open(path, "rb").read()
    tool = shutil.which("llvm-objcopy-19") or shutil.which("objcopy")
    if data[:4] != b"\x7fELF" or not tool:
        return data
    with tempfile.NamedTemporaryFile() as small:
        done = subprocess.run([tool, "--strip-debug", path, small.name], capture_output=True, check=False)
        stripped = open(small.name, "rb").read()
    same = not done.returncode and build_of(stripped) == build_of(data)
    return stripped if same else data


def fnv(data):
    """FNV-1a by words."""
    value = 0xCBF29CE484222325
    for word, in struct.iter_unpack("<Q", data):
        value = ((value ^ word) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def send(control, data):
    """Only what the buffer there does not hold already from an earlier image."""
    data += bytes(-len(data) % BLOCK)
    count, sums = len(data) // BLOCK, ""
    for first in range(0, count, SUMS):
        sums += control.ask(f"image sums {first} {min(SUMS, count - first)}")["sums"]
    wanted = [block for block in range(count) if f"{fnv(data[block * BLOCK:(block + 1) * BLOCK]):016x}" != sums[16 * block:16 * block + 16]]
    while wanted:
        run = 1
        while run < len(wanted) and run < PIECE // BLOCK and wanted[run] == wanted[0] + run:
            run += 1
        at = wanted[0] * BLOCK
        control.ask(f"image put {at} {base64.b64encode(data[at:at + run * BLOCK]).decode('ascii')}")
        del wanted[:run]


def start(control, domain):
    """The control domain does not live to answer when it is itself the one."""
    if domain != "control":
        control.ask(f"image start {domain}")
        return
    control.socket.sendall(b"image start control\n")
    control.greet(TRIAL_S)


def decided(control, domain):
    """What the trial came to."""
    deadline = time.monotonic() + TRIAL_S
    while time.monotonic() < deadline:
        info = control.ask(f"image info {domain}")
        if info["previous"] is None:
            return info
        time.sleep(0.1)
    raise Trouble(f"the trial of {domain} was not decided within {TRIAL_S} s: does its supervisor run, and does the manifest grant it \"images\"?")


def listing(control):
    rows = [("DOMAIN", "IMAGE", "BUILD", "BEFORE", "PUT BACK", "UPGRADES", "ROLLBACKS")]
    found = []
    for one in control.ask("domains")["domains"]:
        info = control.ask(f"image info {one['name']}")
        found.append({"domain": one["name"], **{key: value for key, value in info.items() if key != "ok"}})
        rows.append((one["name"], info["name"], info["build"], info["previous"] or "-", info["refused"] or "-", info["upgrades"], info["rollbacks"]))

    def show():
        widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    return {"ok": True, "images": found}, show


def upgrade(control, arguments):
    if arguments.list:
        return listing(control)
    if not arguments.domain or not arguments.image:
        raise Trouble("give a domain and an image, or --list")
    try:
        data = without_debug(arguments.image)
    except OSError as error:
        raise Trouble(f"{arguments.image}: {error.strerror}") from error
    wanted = build_of(data)
    if wanted is None:
        raise Trouble(f"{arguments.image}: not an ELF image; build it with bhcc")
    name = os.path.basename(arguments.image).replace(" ", "_")[:47]
    control.socket.settimeout(CHECK_S)
    before = control.ask(f"image info {arguments.domain}")
    if before["fixed"]:
        raise Trouble(f"{arguments.domain} cannot be upgraded: it decides itself whether an upgrade is kept; boot the system again with the new one")
    send(control, data)
    checked = control.ask(f"image check {arguments.domain} {len(data)} {name}")
    if checked["build"] != wanted:
        raise Trouble(f"build {wanted} was sent and {checked['build']} arrived: the line is used by somebody else too; nothing has changed")
    start(control, arguments.domain)
    after = decided(control, arguments.domain)
    if after["rollbacks"] != before["rollbacks"]:
        death = control.ask(f"backtrace {arguments.domain}")
        trace = ", ".join(f"{frame['symbol'] or '?'}+0x{frame['within']:x}" for frame in death["frames"])
        raise Trouble(f"{arguments.domain}: build {wanted} failed its trial, and {after['build']} is back: {death['cause']}: {death['text']}"
                      f"{' in ' + trace if trace else ''}")
    if after["build"] != wanted:
        raise Trouble(f"{arguments.domain} did not change over, and runs build {after['build']}; `bhctl log' may say why")
    answer = {"ok": True, "domain": arguments.domain, "build": after["build"], "before": before["build"], "sent": len(data),
              "instructions": checked["instructions"]}
    return answer, lambda: print(f"{arguments.domain}: build {before['build']} is now {after['build']} ({len(data)} bytes, "
                                 f"{checked['instructions']} instructions verified)")


def add_upgrade(parser):
    parser.add_argument("domain", nargs="?")
    parser.add_argument("image", nargs="?", help="a file made by bhcc, such as build/domains/virtio-blk.elf")
    parser.add_argument("--list", action="store_true", help="which build of its image each domain runs")
