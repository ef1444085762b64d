# SPDX-License-Identifier: MIT
"""The other end of the guest's network load (tools/guest/campaign/network.c): streams of records, of which the receiver knows each byte beforehand.

QEMU's user networking lets this side connect to the guest. A saved machine has no connections: they are made when it has been loaded.

    peer = Peer(port)              # once the machine runs; each connection is a thread
    peer.flows(timeout)            # whether records go in all directions
    evidence = peer.finish(20)     # when the guest was told to end
"""
import re
import socket
import struct
import threading
import time

from disk import mix

GUEST_PORT = 7000
FORWARD = f"hostfwd=tcp:127.0.0.1:0-10.0.2.15:{GUEST_PORT}"
FORWARDED = re.compile(rf"TCP\[HOST_FORWARD\] +\d+ +127\.0\.0\.1 +(\d+) +10\.0\.2\.15 +{GUEST_PORT}")
PATTERN, BODY_MAX, BURST_MAX = 65536, 4000, 6
OUT, ASK, ANSWER, IN = 1, 2, 3, 4  # streams, by the guest's view
HEAD = struct.Struct("<QQQQ")
MAGIC, LAST = 0x74654e6b6c754248, 1 << 63
PAUSE = 0.01
CONNECT_TIMEOUT = 30
FLOWING = 4  # records of each stream
BYTES = b"".join(mix(i).to_bytes(8, "little") for i in range(PATTERN // 8))


class Mismatch(Exception):
    """Bytes that are not those that were sent."""


def make_record(stream, number):
    chance = mix(stream << 56 | number & ~LAST)
    size = 0 if number & LAST else 1 + chance % BODY_MAX
    start = (chance >> 32) % (PATTERN - BODY_MAX)
    return HEAD.pack(MAGIC, stream, number, size) + BYTES[start:start + size]


def receive_whole(line, size):
    pieces = bytearray()
    while len(pieces) < size:
        piece = line.recv(size - len(pieces))
        if not piece:
            raise ConnectionError("it was closed in the middle")
        pieces += piece
    return bytes(pieces)


def receive_record(line, stream, number):
    """False: it was the mark of the end."""
    head, wanted = receive_whole(line, HEAD.size), make_record(stream, number)
    if head == make_record(stream, number | LAST):
        return False
    if head != wanted[:HEAD.size]:
        raise Mismatch(f"record {number} of stream {stream} is another one in its head")
    if receive_whole(line, len(wanted) - HEAD.size) != wanted[HEAD.size:]:
        raise Mismatch(f"record {number} of stream {stream} is another one in its body")
    return True


def port_of(machine):
    """Where QEMU listens for the guest."""
    return int(FORWARDED.search(machine.qmp.human("info usernet")).group(1))


def connect(port, letter):
    """The guest's answer is waited for: QEMU accepts one connection at a time, and another one would be tried again by the host only after a second."""
    line = socket.create_connection(("127.0.0.1", port), CONNECT_TIMEOUT)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.sendall(letter.encode())
    if line.recv(1) != letter.encode():
        raise ConnectionError("the guest does not answer")
    line.settimeout(None)
    return line


class Peer:
    def __init__(self, port):
        self.ending = False
        self.counts = dict.fromkeys((OUT, ASK, IN), 0)
        self.wrong, self.lost = [], []
        self.lines, self.threads = [], []
        for work in (self.give, self.take, self.answer):
            self.lines.append(connect(port, work.__name__[0]))
            self.threads.append(threading.Thread(target=self.serve, args=(self.lines[-1], work), daemon=True))
            self.threads[-1].start()

    def serve(self, line, work):
        try:
            work(line)
        except Mismatch as wrong:
            self.wrong.append(str(wrong))
        except OSError as error:
            self.lost.append(f"the connection to {work.__name__}: {error}")
        line.close()

    def give(self, line):
        number = 1
        while not self.ending:
            for _ in range(1 + mix(number) % BURST_MAX):
                line.sendall(make_record(IN, number))
                self.counts[IN] = number
                number += 1
            time.sleep(PAUSE)
        line.sendall(make_record(IN, number | LAST))
        line.shutdown(socket.SHUT_WR)
        if line.recv(1):
            raise Mismatch("the guest says something where it has nothing to say")

    def take(self, line):
        while receive_record(line, OUT, self.counts[OUT] + 1):
            self.counts[OUT] += 1

    def answer(self, line):
        while receive_record(line, ASK, self.counts[ASK] + 1):
            self.counts[ASK] += 1
            line.sendall(make_record(ANSWER, self.counts[ASK]))

    def flows(self, timeout):
        deadline = time.monotonic() + timeout
        while min(self.counts.values()) < FLOWING:
            if time.monotonic() > deadline or self.wrong or self.lost:
                return False
            time.sleep(0.005)
        return True

    def finish(self, timeout):
        """End the streams of this side, and wait for the ends of the guest's. What came of it."""
        self.ending = True
        deadline = time.monotonic() + timeout
        for thread in self.threads:
            thread.join(max(0, deadline - time.monotonic()))
        return {"records": dict(zip(("out", "asked", "in"), self.counts.values())), "wrong": list(self.wrong), "lost": list(self.lost),
                "waiting": sum(thread.is_alive() for thread in self.threads)}

    def close(self):
        """The machine has ended, or nobody wants to know any more."""
        self.ending = True
        for line in self.lines:
            try:
                line.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)
