#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The disk of a campaign's guest, and what must be on it after a run.

  0-48 MiB     root file system; the guest mounts it read-only
  56-72        fio's area, deep queue          (tools/guest/campaign/load.fio)
  76-84        fio's area, one request at a time
  88-104       records of tools/guest/campaign/load.c
  the rest     a pattern that nobody may change

    disk.py FILE      make FILE, a root file system, such a disk
"""
import os
import struct
import sys
import zlib

MIB = 1 << 20
SIZE = 128 * MIB
AREAS = ((56 * MIB, 72 * MIB), (76 * MIB, 84 * MIB), (88 * MIB, 104 * MIB))  # which the load writes
ROOT_END = 48 * MIB
RECORDS_AT, SLOTS, THREADS, RECORD = 88 * MIB, 1024, 4, 4096
HEAD = struct.Struct("<QIIQQ")
MAGIC = 0x64726f6365724842
WORD = (1 << 64) - 1
IN_FLIGHT = 16  # records at most between two flushes of a thread (FLUSH_EVERY_MAX)
PIECE = 1 * MIB


def mix(x):
    """splitmix64, as in load.c."""
    x = (x + 0x9e3779b97f4a7c15) & WORD
    x = ((x ^ x >> 30) * 0xbf58476d1ce4e5b9) & WORD
    x = ((x ^ x >> 27) * 0x94d049bb133111eb) & WORD
    return x ^ x >> 31


def slot_of(thread, number):
    """In which of its slots a thread's record goes."""
    return mix(thread << 48 | number) % SLOTS


def make_record(thread, number):
    seed = mix(thread << 56 | number)
    body = b"".join(((seed + i * MAGIC) & WORD).to_bytes(8, "little") for i in range((RECORD - HEAD.size) // 8))
    slot = thread * SLOTS + slot_of(thread, number)
    check = zlib.crc32(HEAD.pack(MAGIC, 0, thread, number, slot) + body)
    return HEAD.pack(MAGIC, check, thread, number, slot) + body


def read_record(data):
    """(thread, number, slot) of a whole record, None otherwise."""
    magic, check, thread, number, slot = HEAD.unpack_from(data)
    if magic != MAGIC or zlib.crc32(HEAD.pack(magic, 0, thread, number, slot) + data[HEAD.size:]) != check:
        return None
    return thread, number, slot


def is_later(found, thread, slot, flushed):
    """A record that was written when nobody could say any more how far the load was."""
    return found and found[0] == thread and found[1] > flushed and slot_of(thread, found[1]) == slot


def check_records(image, flushed, known):
    """What contradicts what was acknowledged; `flushed': of each thread, the record up to which all are flushed. A list of sentences."""
    wrong = []
    for thread in range(THREADS):
        wanted, later, torn = {}, {}, False
        for number in range(1, flushed[thread] + 1):
            wanted[slot_of(thread, number)] = number
        for number in range(flushed[thread] + 1, flushed[thread] + IN_FLIGHT + 1):
            later.setdefault(slot_of(thread, number), set()).add(number)
        for slot in set(wanted) | set(later):
            at = RECORDS_AT + (thread * SLOTS + slot) * RECORD
            image.seek(at)
            found = read_record(image.read(RECORD))
            allowed = {wanted.get(slot)} | later.get(slot, set())
            if found and found[:1] + found[2:] == (thread, thread * SLOTS + slot) and found[1] in allowed:
                continue
            if not known and is_later(found, thread, slot, flushed[thread]):
                continue
            if not known and not found and not torn:  # a thread writes one at a time
                torn = True
                continue
            if slot in later and (slot not in wanted or not found):
                continue  # nothing acknowledged was there, or it was on its way when the machine was ended
            what = f"record {found[1]} of thread {found[0]} for slot {found[2]}" if found else "no whole record"
            wrong.append(f"thread {thread}, slot {slot}: {what}; acknowledged was record {wanted.get(slot)}")
    return wrong


def check_rest(image, base):
    """Where the disk differs outside of the load's areas. A list of sentences."""
    wrong, at = [], 0
    while at < SIZE:
        size = min([PIECE, SIZE - at] + [start - at for start, _ in AREAS if start > at])
        inside = next((end for start, end in AREAS if start <= at < end), None)
        if inside:
            at = inside
            continue
        image.seek(at)
        base.seek(at)
        have, want = image.read(size), base.read(size)
        if have != want:
            sectors = [i for i in range(0, size, 512) if have[i:i + 512] != want[i:i + 512]]
            wrong.append(f"{len(sectors)} sectors of {at // MIB} MiB changed, the first at byte {at + sectors[0]}")
        at += size
    return wrong


def clear_areas(path):
    """As they were before the load: its records begin from the first again, and one of an earlier load must not pass for one of this."""
    with open(path, "r+b") as image:
        for start, end in AREAS:
            image.seek(start)
            image.write(bytes(end - start))


def check_image(path, base_path, flushed, known=True):
    """`known': the load said at its end how far it was; if not, records may be later ones."""
    with open(path, "rb") as image, open(base_path, "rb") as base:
        return check_records(image, flushed, known) + check_rest(image, base)


def pattern(at, size):
    return b"".join(mix(at + i).to_bytes(8, "little") for i in range(0, 512, 8)) * (size // 512)


def main():
    path = sys.argv[1]
    if os.path.getsize(path) > ROOT_END:
        sys.exit(f"{path}: the root file system is larger than {ROOT_END // MIB} MiB")
    with open(path, "r+b") as image:
        for at in range(ROOT_END, SIZE, PIECE):
            image.seek(at)
            image.write(pattern(at, PIECE))
    clear_areas(path)


if __name__ == "__main__":
    main()
