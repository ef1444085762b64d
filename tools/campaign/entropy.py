# SPDX-License-Identifier: MIT
"""The machine's source of random bytes: a pipe of tokens, which the guest's load knows when it sees them (tools/guest/campaign/entropy.c).

A token is a number and what follows from it; numbers rise. What the guest reads is so known to come from the device, and not to have been given before.
"""
import os
import select
import struct
import threading

from disk import mix

TOKENS_AT_ONCE = 16  # a piece is written whole or not at all (PIPE_BUF)
TOKEN = struct.Struct("<QQ")


def options(path):
    """Of QEMU, instead of its own source."""
    return f"rng-random,id=entropy0,filename={path}"


def tokens(first, count):
    return b"".join(TOKEN.pack(number, mix(number)) for number in range(first, first + count))


class Source:
    """Fills the pipe until it is closed; numbers begin at `first`, which is above those of an earlier source."""

    def __init__(self, path, first):
        if os.path.exists(path):
            os.unlink(path)
        os.mkfifo(path)
        self.next = first
        self.pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)  # for reading, too: a pipe without a writer would be at its end
        self.awake, self.wake = os.pipe()
        self.thread = threading.Thread(target=self.fill, daemon=True)
        self.thread.start()

    def fill(self):
        while self.awake not in select.select([self.awake], [self.pipe], [])[0]:
            try:
                os.write(self.pipe, tokens(self.next, TOKENS_AT_ONCE))
                self.next += TOKENS_AT_ONCE
            except BlockingIOError:
                pass

    def close(self):
        os.close(self.wake)
        self.thread.join()
        os.close(self.pipe)
        os.close(self.awake)
