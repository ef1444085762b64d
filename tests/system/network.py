#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Guests on a network: two Linux guests on the switch, in QEMU. They reach each other and the host side, by real programs; the switch and the network
card's driver are broken in ten ways while files go through; a guest that takes another's address is heard by nobody. Both draw random bytes of one
driver, which dies meanwhile. One boot for all."""
import hashlib
import http.server
import os
import random
import re
import shutil
import sys
import threading
import time

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
for part in (("tools", "run"), ("tools", "bhctl"), ("tests",)):
    sys.path.insert(0, os.path.join(ROOT, *part))
import machine as machines  # noqa: E402  pylint: disable=wrong-import-position
from bhctl import KINDS  # noqa: E402  pylint: disable=wrong-import-position
from checks import Checks  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.environ.get("BUILD", "build")
FOLDER = os.path.join(BUILD, "system-tests", "network")
FILE_SIZE = 20 << 20
SECOND = "10.0.2.22"  # the second guest's address, as in systems/two-guests.toml
NEXT_KEY = "\x14"
HEARD = re.compile(r"^\[guest\d\] ?", re.M)


class Files(http.server.BaseHTTPRequestHandler):
    """One file, /file, slowly enough that crashes find it under way."""
    contents, pause = b"", 0.0
    protocol_version = "HTTP/1.0"

    def do_GET(self):  # noqa: N802
        self.send_response(200)
        self.send_header("Content-Length", str(len(Files.contents)))
        self.end_headers()
        for at in range(0, len(Files.contents), 65536):
            self.wfile.write(Files.contents[at:at + 65536])
            time.sleep(Files.pause)

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass  # the machine has ended

    def log_message(self, *unused):
        pass


def serve_files():
    Files.contents = random.Random(1).randbytes(FILE_SIZE)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port, hashlib.md5(Files.contents).hexdigest()


class Guests:
    """The two guests' shells behind one terminal."""

    def __init__(self, machine):
        self.machine, self.current, self.count = machine, 0, 0

    def turn_to(self, guest):
        if guest != self.current:
            mark = len(self.machine.text())
            self.machine.send(NEXT_KEY)
            self.until(rf"\[guest{guest}\] has the keyboard", mark)
            self.current = guest

    def until(self, pattern, mark, timeout=120):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.machine.running():
            found = re.search(pattern, self.machine.text()[mark:])
            if found:
                return found
            time.sleep(0.05)
        raise machines.Trouble(f"`{pattern}' did not come within {timeout} s: {self.machine.text()[mark:][-400:]!r}")

    def begin(self, guest, command):
        """Type it. Returns what end() wants."""
        self.turn_to(guest)
        self.count += 1
        mark = len(self.machine.text())
        self.machine.send(f"{command}; echo end-$(({self.count} + 1000))\n")
        return mark, self.count

    def end(self, begun, timeout=120):
        """What it said, without the terminal's marks."""
        mark, number = begun
        self.until(f"end-{number + 1000}", mark, timeout)
        return HEARD.sub("", self.machine.text()[mark:])

    def run(self, guest, command, timeout=120):
        return self.end(self.begin(guest, command), timeout)


def break_once(machine, domain, how):
    """And wait for its restart."""
    before = machine.said(log=True)
    machine.control.ask(f"crash {domain} {how}")
    machine.wait_for(f"{domain}: restarted in slot", 30, log=True, since=before)


def crashes(machine, domains, seed):
    """Break each of the domains in all ways, and wait for each restart."""
    chance, count = random.Random(seed), 0
    # No wild DMA; a switch and a vmm have no interrupts, and a vmm serves no ring. Of several the card's driver has nothing to do, and nobody misses it when it hangs.
    kinds = [kind for kind in KINDS if kind not in ("dma", "irq-storm") and (kind != "ring" or domains != ["vmm0"]) and (kind != "hang" or len(domains) == 1)]
    for how in chance.sample(kinds, len(kinds)):
        for domain in domains:
            break_once(machine, domain, how)
            count += 1
        time.sleep(chance.uniform(0.02, 0.2))
    return count


def reachability(checks, guests, port):
    answer = guests.run(0, f"ping -c 3 {SECOND}")
    checks.check(" 0% packet loss" in answer, "the guests reach each other", answer)
    answer = guests.run(1, "ping -c 2 10.0.2.2; nuttcp -S; wget -qO /tmp/file http://10.0.2.2:%d/file; md5sum /tmp/file; httpd -h /tmp" % port)
    checks.check(" 0% packet loss" in answer and hashlib.md5(Files.contents).hexdigest() in answer, "the second guest reaches the host side", answer)
    answer = guests.run(0, f"nuttcp -t -n 4m {SECOND}; nuttcp -r -n 4m {SECOND}")
    rates = [float(rate) for rate in re.findall(r"= +([\d.]+) Mbps", answer)]
    checks.check(len(rates) == 2 and min(rates) > 0, f"nuttcp between the guests, out and in: {' and '.join(map(str, rates))} Mbit/s", answer)
    answer = guests.run(0, "cat /sys/class/net/eth0/statistics/rx_bytes /sys/class/net/eth0/statistics/rx_packets")
    size, frames = map(int, re.findall(r"^(\d+)$", answer, re.M)[:2])
    checks.check(size > 2 * 1514 * frames / 2 and size / frames > 1514, f"segments pass between guests uncut: {size // frames} bytes a frame", answer)


def under_crashes(checks, machine, guests, port, md5):
    Files.pause = 0.01
    begun = guests.begin(0, f"wget -qO- http://10.0.2.2:{port}/file | md5sum")
    count = crashes(machine, ["switch"], 1)
    answer = guests.end(begun, 200)
    checks.check(md5 in answer, f"a file from the host side comes whole through {count} crashes of the switch", answer)
    begun = guests.begin(0, f"wget -qO- http://10.0.2.2:{port}/file | md5sum")
    count = crashes(machine, ["virtio-net"], 2)
    answer = guests.end(begun, 200)
    checks.check(md5 in answer, f"and through {count} crashes of the network card's driver", answer)
    begun = guests.begin(0, f"wget -qO- http://10.0.2.2:{port}/file | md5sum")
    count = ordered = crashes(machine, ["vmm0"], 4)
    answer = guests.end(begun, 200)
    checks.check(md5 in answer, f"and through {count} crashes of the guest's own vmm", answer)
    Files.pause = 0
    begun = guests.begin(0, f"for i in 1 2 3; do wget -qO- http://{SECOND}/file | md5sum; done")
    count = crashes(machine, ["switch", "virtio-net"], 3)
    answer = guests.end(begun, 200)
    checks.check(answer.count(md5) == 3, f"files between the guests come whole through {count} crashes of both", answer)
    return ordered


def random_bytes(checks, machine, guests):
    """Both guests draw of one driver, which dies four times, and a vmm once."""
    current = [guests.run(guest, "cat /sys/class/misc/hw_random/rng_current") for guest in (1, 0)]
    checks.check(all("virtio_rng.0" in one for one in current), "each guest has a source of random bytes", str(current))
    guests.run(1, "(dd if=/dev/hwrng of=/tmp/random bs=1k count=64 >/dev/null 2>&1 &)")
    begun = guests.begin(0, "dd if=/dev/hwrng bs=1k count=64 2>/dev/null | gzip -c | wc -c")
    for domain, how in (("virtio-rng", "panic"), ("virtio-rng", "loop"), ("vmm0", "undefined"), ("virtio-rng", "null"), ("virtio-rng", "divide")):
        break_once(machine, domain, how)
    sizes = [int(re.findall(r"^(\d+)$", one, re.M)[0]) for one in (guests.end(begun), guests.run(1, "while [ ! -e /tmp/random ] || pidof dd >/dev/null; do sleep 0.1; "
                                                                                             "done; gzip -c /tmp/random | wc -c"))]
    checks.check(min(sizes) >= 65536, f"64 KB that do not compress come to each through deaths of their driver, and of a vmm: {sizes}")
    return 1


def spoofing(checks, machine, guests):
    taken = "52:54:00:00:00:11"  # the second guest's own
    guests.run(0, f"ip link set eth0 down; ip link set eth0 address {taken}; ip link set eth0 up")
    answer = guests.run(0, f"ping -c 1 -W 2 {SECOND}")
    checks.check("100% packet loss" in answer, "who takes another's address is heard by nobody", answer)
    machine.poll_log()
    checks.check("port guest0: a frame with somebody else's source address" in machine.log_text, "and the log says so")
    guests.run(0, "ip link set eth0 down; ip link set eth0 address 52:54:00:00:00:10; ip link set eth0 up")
    answer = guests.run(0, f"ping -c 2 {SECOND}")
    checks.check(" 0% packet loss" in answer, "with its own it is heard again", answer)


def main():
    checks = Checks()
    checks.options(__doc__, build=False)
    if not checks.wants("network"):
        return checks.end()
    shutil.rmtree(os.path.join(ROOT, FOLDER), ignore_errors=True)
    os.chdir(ROOT)
    port, md5 = serve_files()
    with machines.Machine(BUILD, "two-guests", folder=FOLDER) as machine:
        for guest in (0, 1):
            machine.wait_for(rf"\[guest{guest}\] .*guest:~#", 120)
        guests = Guests(machine)
        try:
            reachability(checks, guests, port)
            ordered = random_bytes(checks, machine, guests)
            ordered += under_crashes(checks, machine, guests, port, md5)
            spoofing(checks, machine, guests)
            machine.poll_log()
            deaths = machine.log_text.count(" vmm0: dies") + machine.log_text.count(" vmm1: dies")
            checks.check(deaths == ordered, f"no vmm died but by order ({deaths} of {ordered})")
        except machines.Trouble as trouble:
            checks.check(False, "the story goes on", str(trouble))
    return checks.end()


if __name__ == "__main__":
    sys.exit(main())
