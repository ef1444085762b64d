#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the fuzz target `execution` starts from.

  seeds.py BUILD          fill BUILD/fuzz/corpus-execution: the images of the verifier's attacks and twins without their sections, and
                          the mutants that ../corpus/execution.tar.xz keeps
  seeds.py --keep BUILD   put into that archive what adds to the coverage, of all that is in BUILD/fuzz/corpus-execution by now
"""
import io
import os
import struct
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ATTACKS = os.path.join(HERE, "../../verifier")
sys.path.insert(0, ATTACKS)
import attacks  # noqa: E402

ARCHIVE = os.path.join(HERE, "../corpus/execution.tar.xz")
KEPT = "kept-"


def without_sections(data):
    """The image up to the end of its last segment."""
    data = bytearray(data)
    start, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    end = start + 56 * count
    for i in range(count):
        offset, _, _, size = struct.unpack_from("<QQQQ", data, start + 56 * i + 8)
        end = max(end, offset + size)
    struct.pack_into("<Q", data, 40, 0)
    struct.pack_into("<HH", data, 60, 0, 0)
    return bytes(data[:end])


def seeds(build):
    """(name, image) of every attack and twin."""
    bench = attacks.Bench(build)
    folder = os.path.join(ATTACKS, "attacks")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".s"):
            with open(bench.image(os.path.join(folder, name)), "rb") as file:
                yield name[:-2], without_sections(file.read())


def fill(build, corpus):
    """Write all seeds."""
    os.makedirs(corpus, exist_ok=True)
    for name, data in seeds(build):
        with open(os.path.join(corpus, name), "wb") as file:
            file.write(data)
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            with open(os.path.join(corpus, KEPT + os.path.basename(member.name)), "wb") as file:
                file.write(archive.extractfile(member).read())


def keep(build, corpus):
    """Write the archive: what libFuzzer finds worth keeping beside the seeds, always in the same bytes."""
    known = {data for _, data in seeds(build)}
    with tempfile.TemporaryDirectory() as merged:
        subprocess.run([os.path.join(build, "fuzz", "execution"), "-merge=1", merged, corpus], check=True, stderr=subprocess.DEVNULL)
        found = []
        for name in os.listdir(merged):
            with open(os.path.join(merged, name), "rb") as file:
                found.append(file.read())
    with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
        for number, data in enumerate(sorted(set(found) - known)):
            member = tarfile.TarInfo(f"{number:03}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def main():
    build = sys.argv[-1]
    (keep if "--keep" in sys.argv else fill)(build, os.path.join(build, "fuzz", "corpus-execution"))


if __name__ == "__main__":
    main()
