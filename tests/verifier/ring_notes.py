# SPDX-License-Identifier: MIT
"""Lies in the notes of ring types (struct bh_note_ring in kernel/abi/image.h), for mutations.py."""
import struct

RING = 6


def ring_type(number=1, name=b"BlockRing"):
    return struct.pack("<Q32s", number, name)


def lies(notes, note_bytes):
    """What is changed, the rule that refuses it, and the change, as mutations.py has them."""
    yield "notes of types of rings, one of them twice", "accepted", notes(*[note_bytes(RING, ring_type(i % 32)) for i in range(33)])
    yield "a note of a type of rings that is cut short", "IMAGE_NOTES", notes(note_bytes(RING, ring_type()[:36]))
    yield "a type of rings whose name has no end", "IMAGE_NOTES", notes(note_bytes(RING, ring_type(name=b"x" * 32)))
    yield "more types of rings than can be", "IMAGE_NOTES", notes(*[note_bytes(RING, ring_type(i)) for i in range(33)])
