#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The network driver in QEMU, with a domain that uses it (tests/domains/station) and this program at the other end of the wire. First over a wire of datagrams, on
which the device can do little; then over a tap device in a network namespace of our own, which shows and takes frames with all offloads. Where no such
namespace can be made, the second part is left out, with a message. Ends with `N passed, N failed`."""
import ctypes
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [os.path.join(ROOT, "tools", "run"), os.path.join(ROOT, "tests")]
import machine as machines  # noqa: E402  pylint: disable=wrong-import-position
from checks import Checks  # noqa: E402  pylint: disable=wrong-import-position

COMMAND_TYPE, IP_TYPE = 0x88B5, 0x0800
STATION, PEER = bytes.fromhex("525400000001"), bytes.fromhex("020000000002")
GROUP, OTHER_GROUP, STRANGER, EVERYBODY = bytes.fromhex("01005e000042"), bytes.fromhex("01005e000043"), bytes.fromhex("025500000009"), b"\xff" * 6
COMMAND = struct.Struct(">6s6sHcBHI")
REPORT = struct.Struct(">IIIIIIHHHH")
FACTS = struct.Struct(">6sHIIIII")
VNET = struct.Struct("<BBHHHH")  # flags, kind, header size, segment size, checksum start and offset
TX_CHECKSUM, TX_TCP4, RX_CHECKSUM, RX_TCP4, RX_TCP6, RX_MERGED, RX_ECN = 1, 2, 8, 16, 32, 64, 256
NEEDS_CHECKSUM, TCP4 = 1, 1
OFFLOADS = RX_CHECKSUM | RX_TCP4 | RX_TCP6 | RX_MERGED | RX_ECN
SEGMENT, LARGE = 1448, 60000
ANSWER_S = 20
KINDS = ("null", "wild-kernel", "undefined", "divide", "loop", "control-stack", "data-stack", "panic")


def hash_of(data):  # FNV-1a, as tests/domains/station has it
    result = 0x811C9DC5
    for byte in data:
        result = (result ^ byte) * 0x01000193 & 0xFFFFFFFF
    return result


def internet_sum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo_sum(ip):
    return internet_sum(ip[12:20] + struct.pack(">HH", ip[9], len(ip) - 20))


def ip_frame(to, protocol, transport, source="10.9.1.1", target="10.9.0.2"):
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(transport), 0, 0, 64, protocol, 0, socket.inet_aton(source), socket.inet_aton(target))
    ip = ip[:10] + struct.pack(">H", ~internet_sum(ip) & 0xFFFF) + ip[12:]
    return to + PEER + struct.pack(">H", IP_TYPE) + ip + transport


def pattern(size):
    return bytes((i * 7 + (i >> 8)) & 0xFF for i in range(size))


class Wire:
    """The other end: frames go into a list as they come, each with the header that stood in front of it (None where there are none)."""

    def __init__(self, line, has_headers=False, target=None):
        self.line, self.has_headers, self.target = line, has_headers, target
        self.frames, self.number = [], 0
        self.changed = threading.Condition()
        self.going = True
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        while self.going:
            try:
                data = self.line.recv(70000)
            except (TimeoutError, BlockingIOError):
                continue
            except OSError:
                return
            header = VNET.unpack(data[:VNET.size]) if self.has_headers else None
            frame = data[VNET.size:] if self.has_headers else data
            if frame[6:12] != STATION:
                continue
            with self.changed:
                self.frames.append((header, frame))
                self.changed.notify_all()

    def close(self):
        self.going = False
        self.line.close()

    def send(self, frame, header=(0, 0, 0, 0, 0, 0)):
        data = (VNET.pack(*header) if self.has_headers else b"") + frame
        try:
            self.line.sendto(data, self.target) if self.target else self.line.send(data)
        except OSError:
            pass  # nobody there, or no room: a lost frame

    def find(self, fits, limit):
        """The first frame that fits, which leaves the list; None when none comes in time."""
        deadline = time.monotonic() + limit
        with self.changed:
            while True:
                for index, (header, frame) in enumerate(self.frames):
                    if fits(frame):
                        del self.frames[index]
                        return header, frame
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(left)

    def forget(self):
        with self.changed:
            self.frames.clear()

    def say(self, code, size=0, more=b"", pair=0, to=STATION):
        self.number += 1
        self.send(COMMAND.pack(to, PEER, COMMAND_TYPE, code.encode(), pair, size, self.number) + more)
        return self.number

    def answer(self, code, number, limit=ANSWER_S):
        """What follows the head of the answer, or None."""
        def fits(frame):
            if len(frame) < COMMAND.size:
                return False
            to, _, kind, what, _, _, which = COMMAND.unpack(frame[:COMMAND.size])
            return to == PEER and kind == COMMAND_TYPE and what == code.encode() and which == number
        found = self.find(fits, limit)
        if not found:
            return None
        size = COMMAND.unpack(found[1][:COMMAND.size])[5]
        return found[1][COMMAND.size:COMMAND.size + size]

    def ask(self, code, size=0, more=b"", pair=0, limit=ANSWER_S, tries=1):
        for _ in range(tries):
            reply = self.answer(code.lower(), self.say(code, size, more, pair), limit)
            if reply is not None:
                return reply
        return None

    def facts(self):
        reply = self.ask("I", limit=3, tries=6)
        if reply is None:
            return None
        mac, mtu, pairs, offloads, link, changes, introductions = FACTS.unpack(reply[:FACTS.size])
        counters = dict(zip(("tx_frames", "tx_bytes", "tx_dropped", "rx_frames", "rx_bytes", "rx_dropped"), struct.unpack("<6Q", reply[FACTS.size:])))
        return {"mac": mac, "mtu": mtu, "pairs": pairs, "offloads": offloads, "link": link, "changes": changes, "introductions": introductions, **counters}

    def report(self, limit=ANSWER_S):
        reply = self.answer("r", 0, limit)
        names = ("pair", "size", "parts", "hash", "flags", "segmentation", "segment_size", "header_size", "checksum_start", "checksum_offset")
        return dict(zip(names, REPORT.unpack(reply))) if reply else None


class Story:
    """A machine with a card on a wire, and checks."""

    def __init__(self, tests, build, name, backend, card, settings=()):  # pylint: disable=too-many-arguments
        self.tests, self.name = tests, name
        folder = os.path.join(build, "system-tests", "net-" + name)
        os.makedirs(folder, exist_ok=True)
        manifest = os.path.abspath(os.path.join(folder, "net.toml"))  # the archive goes beside it
        shutil.copy(os.path.join(ROOT, "tests", "system", "net.toml"), manifest)
        self.monitor_path = os.path.join(folder, "monitor.sock")
        self.machine = machines.Machine(build, manifest, folder=folder, memory="128M", settings=list(settings), extra=[
            "-netdev", backend, "-device", f"virtio-net-pci,netdev=net0,id=card0,disable-legacy=on,iommu_platform=on,mac=52:54:00:00:00:01,{card}",
            "-qmp", f"unix:{self.monitor_path},server=on,wait=off"])

    def check(self, good, sentence):
        self.tests.check(good, f"{self.name}: {sentence}", "" if good else "\n".join(self.machine.log_text.splitlines()[-12:]))

    def set_link(self, up):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.connect(self.monitor_path)
            file = line.makefile("rw")
            file.readline()
            for command in ({"execute": "qmp_capabilities"}, {"execute": "set_link", "arguments": {"name": "card0", "up": up}}):
                file.write(json.dumps(command) + "\n")
                file.flush()
                while "return" not in json.loads(file.readline()):
                    pass

    def end(self, wire):
        wire.say("Q")
        self.check(self.machine.wait(20) == 0, "the system ends in order")


# ---- what holds on every wire

def echoes(story, wire):
    story.check(all(wire.ask("E", size, pattern(size), tries=3) == pattern(size) for size in (0, 1, 46, 47, 600, 1400)), "frames of all sizes come back as they went")
    numbers = [wire.say("E", 200, pattern(200)) for _ in range(48)]
    back = sum(wire.answer("e", number, 5) == pattern(200) for number in numbers)
    story.check(back >= 40, f"of 48 frames at once {back} come back")
    story.check(wire.ask("B") is not None, "a driver refuses requests that break the rules, each for its reason")
    reply = wire.ask("W")
    story.check(reply and struct.unpack(">I", reply)[0] >= 60, "empty buffers can be taken back")
    story.check(wire.ask("E", 100, pattern(100), tries=3) == pattern(100), "and posted again")


def hears(wire, to):
    number = wire.say("E", 10, pattern(10), to=to)
    return wire.answer("e", number, 1.5) is not None


def filters(story, wire):
    for code, name, heard in ((0, "without a filter", (True, False, False, False)), (2, "with one multicast address", (True, False, True, False)),
                              (1, "promiscuous", (True, True, True, True)), (0, "and without again", (True, False, False, False))):
        done = wire.ask("F", code) is not None
        found = tuple(hears(wire, to) for to in (EVERYBODY, STRANGER, GROUP, OTHER_GROUP))
        story.check(done and found == heard, f"{name}, it hears broadcast {heard[0]}, strangers {heard[1]}, a group {heard[2]}, another {heard[3]}")


def crashes(story, wire, count):
    """The driver dies while frames flow; what comes back is what was sent, and afterwards everything is as before."""
    before = wire.facts()
    going, wrong, back = True, 0, set()
    sent = {}

    def pump():
        while going:
            size = 20 + len(sent) * 37 % 1300
            sent[wire.say("E", size, pattern(size))] = size
            time.sleep(0.002)
    thread = threading.Thread(target=pump, daemon=True)
    thread.start()
    for i in range(count):
        time.sleep(0.1)
        since = story.machine.said(log=True)
        story.machine.control.ask(f"crash virtio-net {KINDS[i % len(KINDS)]}")
        story.machine.wait_for("virtio-net: restarted: ", log=True, timeout=20, since=since)
    time.sleep(0.5)
    going = False
    thread.join()
    probe = wire.ask("E", 100, pattern(100), limit=2, tries=10)
    with wire.changed:
        frames = [frame for _, frame in wire.frames]
        wire.frames.clear()
    for frame in frames:
        code, size, number = (COMMAND.unpack(frame[:COMMAND.size])[at] for at in (3, 5, 6))
        if code == b"e" and number in sent:
            back.add(number)
            wrong += size != sent[number] or frame[COMMAND.size:COMMAND.size + size] != pattern(size)
    restarts = next(one for one in story.machine.control.ask("domains")["domains"] if one["name"] == "virtio-net")["restarts"]
    after = wire.facts()
    story.check(probe == pattern(100) and restarts == count, f"the driver dies {restarts} times ({count} wanted) while frames flow, and they flow on")
    story.check(not wrong and len(back) * 3 > len(sent), f"of {len(sent)} frames {len(back)} came back, {wrong} of them wrong")
    story.check(before and after and after["introductions"] > before["introductions"], "the station says its wishes to each new instance")


def datagrams(tests, options, name, card, deaths):  # pylint: disable=too-many-arguments
    """A wire of datagrams: no offloads, so that a lack of them is dealt with; filter, link state, crashes."""
    here, there = (os.path.join(options.build, "system-tests", name) for name in ("net-here.sock", "net-there.sock"))
    for path in (here, there):
        if os.path.exists(path):
            os.unlink(path)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.bind(here)
    line.settimeout(0.2)
    story = Story(tests, options.build, name, f"dgram,id=net0,local.type=unix,local.path={there},remote.type=unix,remote.path={here}", card)
    wire = Wire(line, target=there)
    try:
        with story.machine as machine:
            machine.wait_for("I station: on the air", log=True, timeout=30)
            facts = wire.facts()
            story.check(facts and facts["mac"] == STATION and facts["mtu"] == 1500 and facts["pairs"] == 1 and facts["link"] == 1, f"facts about the card: {facts}")
            echoes(story, wire)
            filters(story, wire)
            story.set_link(False)
            machine.wait_for("I virtio-net: link down", log=True)
            story.set_link(True)
            machine.wait_for("I virtio-net: link up", log=True)
            facts = wire.facts()
            story.check(facts and facts["link"] == 1 and facts["changes"] == 2, f"the link goes down and up, and the station is told each time: {facts}")
            crashes(story, wire, deaths)
            story.end(wire)
    finally:
        wire.close()
        for path in (here, there):
            if os.path.exists(path):
                os.unlink(path)


# ---- a tap device: all offloads, several queues

def unshare():
    """A network namespace of our own, as root or as root of a user namespace. False: not here. Only before there are threads."""
    library, user, net = ctypes.CDLL(None, use_errno=True), 0x10000000, 0x40000000
    ids = os.geteuid(), os.getegid()
    if library.unshare(net):
        if library.unshare(user | net):
            return False
        for name, own in (("uid_map", ids[0]), ("setgroups", None), ("gid_map", ids[1])):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write("deny" if own is None else f"0 {own} 1")
    try:
        for which in ("all", "default"):
            with open(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6", "w", encoding="ascii") as file:
                file.write("1")  # so that nobody but us sends anything
    except OSError:
        pass
    return True


def has_tap():
    """Can tap devices, veth pairs and bridges be made here? The reason if not."""
    try:
        with open("/dev/net/tun", "r+b", buffering=0) as file:
            fcntl.ioctl(file, 0x400454CA, struct.pack("16sH", b"bhprobe", 0x5102))  # TUNSETIFF: a tap device, without a header of its own, several queues
    except OSError as error:
        return f"/dev/net/tun: {error.strerror}"
    return None


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def raw_socket(interface, headers):
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
    if headers:
        line.setsockopt(263, 15, 1)  # SOL_PACKET, PACKET_VNET_HDR
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    line.bind((interface, 0))
    line.settimeout(0.2)
    return line


def make_observer():
    """A bridge with a port that neither cuts nor sums: what is behind it has been cut and summed by then."""
    ip("link", "add", "bhveth0", "type", "veth", "peer", "name", "bhveth1")
    ip("link", "add", "bhbridge", "type", "bridge")
    for feature in (0x17, 0x1F, 0x24):  # transmit checksums, TSO, GSO
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            value = ctypes.create_string_buffer(struct.pack("II", feature, 0), 8)
            fcntl.ioctl(line, 0x8946, struct.pack("16sQ", b"bhveth0", ctypes.addressof(value)))  # SIOCETHTOOL
    for interface in ("bhveth0", "bhtap"):
        ip("link", "set", interface, "master", "bhbridge")
    for interface in ("bhveth0", "bhveth1", "bhbridge"):
        ip("link", "set", interface, "up")
    return Wire(raw_socket("bhveth1", False))


def is_ip(protocol):
    return lambda frame: frame[12:14] == b"\x08\0" and frame[23] == protocol


def summed(frame):
    """Are its IP header's checksum and that of what is in it right?"""
    data = frame[14:14 + int.from_bytes(frame[16:18], "big")]
    return internet_sum(data[:20]) == 0xFFFF and internet_sum(struct.pack(">H", pseudo_sum(data)) + data[20:]) == 0xFFFF


def transmit_offloads(story, wire, observer):
    observer.forget()
    story.check(wire.ask("U", 1000) == bytes(4), "a frame that needs a checksum is sent")
    found, cut = wire.find(is_ip(17), 5), observer.find(is_ip(17), 5)
    story.check(found and found[0][0] == NEEDS_CHECKSUM and found[0][4:] == (34, 6) and found[1][42:] == pattern(1000), "it comes with what is to be summed, and whole")
    story.check(cut and summed(cut[1]) and cut[1][42:] == pattern(1000), "and behind the card its checksum is right")
    story.check(wire.ask("T", LARGE) == bytes(4), "60,000 bytes of TCP are sent as one frame")
    found = wire.find(is_ip(6), 5)
    story.check(found and found[0][:2] == (NEEDS_CHECKSUM, TCP4) and found[0][3:] == (SEGMENT, 34, 16) and found[1][54:] == pattern(LARGE),
                "it comes with the size to cut it into, and whole")
    pieces = []
    while sum(len(piece) - 54 for piece in pieces) < LARGE and (cut := observer.find(is_ip(6), 5)):
        pieces.append(cut[1])
    places = [int.from_bytes(piece[38:42], "big") - 0x10000 for piece in pieces]
    story.check(all(summed(piece) for piece in pieces) and b"".join(piece[54:] for piece in pieces) == pattern(LARGE) and
                places == [places[0] + i * SEGMENT for i in range(len(pieces))], f"behind the card it is in {len(pieces)} frames, each with its place and a right checksum")


def tcp_frame(size, summed_whole=False):
    tcp = struct.pack(">HHIIBBHHH", 6000, 5000, 1, 0, 0x50, 0x18, 0x2000, 0, 0) + pattern(size)
    frame = ip_frame(STATION, 6, tcp)
    total = pseudo_sum(frame[14:])
    if summed_whole:
        total = ~internet_sum(struct.pack(">H", total) + tcp) & 0xFFFF
    return frame[:50] + struct.pack(">H", total) + frame[52:]


def receive_offloads(story, wire):
    large = tcp_frame(LARGE)
    wire.send(large, (NEEDS_CHECKSUM, TCP4, 54, SEGMENT, 34, 16))
    report = wire.report()
    story.check(report and report["size"] == len(large) and report["hash"] == hash_of(large) and report["parts"] >= 29 and report["segmentation"] == TCP4 and
                report["segment_size"] == SEGMENT and report["flags"] == NEEDS_CHECKSUM and (report["checksum_start"], report["checksum_offset"]) == (34, 16),
                f"60,000 bytes of TCP come in as one frame, in several buffers: {report}")
    ok = True
    for size in (2048 - 54 - 1, 2048 - 54, 2048 - 54 + 1, 2048 - 54 + 12, 2048 - 54 + 13, 4096 - 54 + 12, 4096 - 54 + 13):  # where a buffer ends, and the next one's prefix
        frame = tcp_frame(size)
        wire.send(frame, (NEEDS_CHECKSUM, TCP4, 54, SEGMENT, 34, 16))
        report = wire.report()
        ok = ok and report and report["hash"] == hash_of(frame) and report["size"] == len(frame)
    story.check(ok, "frames that end where a buffer does, or in what comes in front of the next, are whole")
    small = tcp_frame(500)
    wire.send(small, (NEEDS_CHECKSUM, 0, 0, 0, 34, 16))
    report = wire.report()
    story.check(report and report["flags"] == NEEDS_CHECKSUM and report["segmentation"] == 0 and report["hash"] == hash_of(small), "a small one with a checksum to complete, too")
    story.check(wire.ask("A", 0) is not None, "the station accepts no offloads any more")
    wire.send(large, (NEEDS_CHECKSUM, TCP4, 54, SEGMENT, 34, 16))
    reports = []
    while sum(report["size"] - 54 for report in reports) < LARGE and (report := wire.report(5)):
        reports.append(report)
    story.check(sum(report["size"] - 54 for report in reports) == LARGE and all(report["flags"] == 0 and report["segmentation"] == 0 and report["parts"] == 1 for report in reports),
                f"then they come in {len(reports)} frames, with nothing left to do")
    wire.send(small, (NEEDS_CHECKSUM, 0, 0, 0, 34, 16))
    report, done = wire.report(), tcp_frame(500, summed_whole=True)
    story.check(report and report["flags"] == 0 and report["hash"] == hash_of(done), "and the small one's checksum is complete")
    story.check(wire.ask("A", OFFLOADS) is not None, "it accepts them again")


def steering(story, wire):
    """The tap device sends a flow's frames to the queue from which the last one of that flow came."""
    found = {}
    for pair in (1, 0, 1, 0):
        wire.ask("U", 100, pair=pair)
        wire.forget()  # after a death of the driver the last frame of a pair comes once more, before its next one
        udp = struct.pack(">HHHH", 6000, 5000 + pair, 8 + 100, 0) + pattern(100)
        wire.send(ip_frame(STATION, 17, udp))
        report = wire.report(5)
        found.setdefault(pair, []).append(report and report["pair"])
    story.check(found == {0: [0, 0], 1: [1, 1]}, f"two flows come by the queue pairs that they went by: {found}")


def tap(tests, options, name, card, deaths):  # pylint: disable=too-many-arguments
    reason = has_tap() if options.alone else "no network namespace can be made here"
    reason = reason or (None if shutil.which("ip") else "the program ip is missing (package iproute2)")
    if reason:
        print(f"  left out: {name}, a card with offloads and several queues: {reason}", flush=True)
        return
    story = Story(tests, options.build, name, "tap,id=net0,ifname=bhtap,script=no,downscript=no,queues=2,vnet_hdr=on", "mq=on,vectors=6," + card,
                  [f"station.offloads={OFFLOADS}"])
    with story.machine as machine:
        machine.wait_for("I station: on the air", log=True, timeout=30)
        ip("link", "set", "bhtap", "up")
        observer, wire = make_observer(), Wire(raw_socket("bhtap", True), has_headers=True)
        facts = wire.facts()
        story.check(facts and facts["pairs"] == 2 and facts["offloads"] & (TX_CHECKSUM | TX_TCP4 | OFFLOADS) == TX_CHECKSUM | TX_TCP4 | OFFLOADS, f"facts about the card: {facts}")
        story.check(bool(re.search(r"virtio-net: .* packed queues", machine.log_text)) == ("packed=on" in card), "the queues are of the layout that they can have")
        echoes(story, wire)
        transmit_offloads(story, wire, observer)
        receive_offloads(story, wire)
        steering(story, wire)
        crashes(story, wire, deaths)
        transmit_offloads(story, wire, observer)
        receive_offloads(story, wire)
        steering(story, wire)
        story.end(wire)
        wire.close()
        observer.close()
    ip("link", "delete", "bhbridge")
    ip("link", "delete", "bhveth0")


# name, story, what the device can do, deaths of the driver. Packed queues are the driver's choice where the device has them.
STORIES = [("datagrams", datagrams, "packed=off", 8),
           ("datagrams-packed-bare", datagrams, "packed=on,indirect_desc=off,event_idx=off", 2),
           ("tap", tap, "packed=off,event_idx=off", 2),
           ("tap-packed", tap, "packed=on", 8)]


def main():
    tests = Checks()
    options = tests.options(__doc__)
    options.alone = unshare()
    for name, story, card, deaths in STORIES:
        if not tests.wants(f"net: {name}"):
            continue
        try:
            story(tests, options, name, card, deaths)
        except (machines.Trouble, OSError, subprocess.CalledProcessError) as error:
            tests.check(False, f"{name}: {error}")
    return tests.end()


if __name__ == "__main__":
    sys.exit(main())
