# SPDX-License-Identifier: MIT
"""bhctl core: what the kernel left of a domain that died (kernel/abi/core.h) as an ELF core file, which stock gdb opens.

Source: System V gABI (ELF headers, notes); the layouts of prstatus, prpsinfo, siginfo and the file note are Linux's for x86-64 (elfcore.h, procfs.h)."""
import base64
import os
import struct
from dataclasses import dataclass

from machine import Trouble
from watch import save

MAGIC = 0x31304552434842
HEAD = struct.Struct("<8Q6I32s48s160s")
HEAD_PROXIES = slice(6, 8)
THREAD = struct.Struct("<2I24s27Q")
REGION = struct.Struct("<2Q2I")
THREADS, REGIONS = 32, 80
SIGNALS = {1: 11, 2: 4, 3: 8, 4: 11, 5: 11, 6: 6, 7: 24, 10: 9, 12: 11, 13: 4}  # cause -> signal; others: SIGABRT
SIGABRT = 6
SLOT_SIZE = 1 << 32
PT_LOAD, PT_NOTE, PT_PHDR = 1, 4, 6
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV, NT_FILE, NT_SIGINFO = 1, 3, 6, 0x46494c45, 0x53494749
AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_ENTRY = 3, 4, 5, 6, 9
PAGE = 4096


class Malformed(Exception):
    """Not what the kernel writes."""


@dataclass
class Dump:
    """The raw form, taken apart."""
    base: int
    address: int
    cause: int
    generation: int
    left_out: int
    threads_left_out: int
    name: str
    image: str
    text: str
    threads: list  # (number, name, registers)
    regions: list  # (address, flags, bytes)


def words(raw):
    return raw.split(b"\0")[0].decode("ascii", "replace")


def without_way_out(address, data, base, proxies):
    """On a control stack, return addresses into proxies become 0: there the domain's frames end, and debuggers stop."""
    if base <= address < base + SLOT_SIZE:
        return data
    count = len(data) // 8
    values = struct.unpack_from(f"<{count}Q", data)
    return struct.pack(f"<{count}Q", *(0 if proxies[0] <= value < proxies[1] else value for value in values)) + data[8 * count:]


def parse(data):
    if len(data) < HEAD.size + THREADS * THREAD.size + REGIONS * REGION.size:
        raise Malformed(f"{len(data)} bytes are less than its tables need")
    head = HEAD.unpack_from(data)
    magic, size, left_out, _, base, address = head[:6]
    _, cause, generation, thread_count, region_count, threads_left_out = head[8:14]
    if magic != MAGIC or size != len(data) or thread_count > THREADS or region_count > REGIONS:
        raise Malformed("its head is none")
    threads = []
    for number in range(thread_count):
        ident, _, name, *registers = THREAD.unpack_from(data, HEAD.size + number * THREAD.size)
        threads.append((ident, words(name), registers))
    regions, at = [], HEAD.size + THREADS * THREAD.size + REGIONS * REGION.size
    for number in range(region_count):
        start, length, flags, _ = REGION.unpack_from(data, HEAD.size + THREADS * THREAD.size + number * REGION.size)
        if length > len(data) - at:
            raise Malformed(f"region {number} is longer than the rest")
        regions.append((start, flags, without_way_out(start, data[at:at + length], base, head[HEAD_PROXIES])))
        at += length
    return Dump(base, address, cause, generation, left_out, threads_left_out, *map(words, head[14:17]), threads, regions)


# ---- the image

def image_headers(path):
    """Entry, program headers (type, flags, file offset, address, file size, memory size), and where they are."""
    try:
        with open(path, "rb") as file:
            data = file.read(64)
            entry, table = struct.unpack_from("<QQ", data, 24)
            size, count = struct.unpack_from("<HH", data, 54)
            file.seek(table)
            raw = file.read(size * count)
    except (OSError, struct.error) as error:
        raise Trouble(f"{path}: the image of the domain is not there ({error}); name the build's folder with --build") from error
    headers = []
    for number in range(count):
        kind, flags, offset, address, _, in_file, in_memory, _ = struct.unpack_from("<2I6Q", raw, size * number)
        headers.append((kind, flags, offset, address, in_file, in_memory))
    return entry, headers


# ---- notes

def note(kind, contents, name=b"CORE\0"):
    def padded(raw):
        return raw + bytes(-len(raw) % 4)
    return struct.pack("<3I", len(name), len(contents), kind) + padded(name) + padded(contents)


def prstatus(signal, number, registers):
    return note(NT_PRSTATUS, struct.pack("<3iH2x2Q4i8Q27Qi4x", signal, 0, 0, signal, 0, 0, number + 1, 0, 0, 0, *[0] * 8, *registers, 0))


def prpsinfo(dump, image):
    title = f"{dump.name}: {dump.text}"
    return note(NT_PRPSINFO, struct.pack("<4B4xQ2I4i16s80s", 0, ord("R"), 0, 0, 0, 0, 0, dump.threads[0][0] + 1 if dump.threads else 1, 0, 0, 0,
                                         os.path.basename(image).encode()[:15], title.encode("ascii", "replace")[:79]))


def siginfo(signal, address):
    return note(NT_SIGINFO, struct.pack("<3i4xQ", signal, 0, 1, address).ljust(128, b"\0"))


def auxv(base, entry, headers):
    place = next((header[3] for header in headers if header[0] == PT_PHDR), 0)
    pairs = [(AT_PHDR, base + place)] if place else []
    pairs += [(AT_PHENT, 56), (AT_PHNUM, len(headers)), (AT_PAGESZ, PAGE), (AT_ENTRY, base + entry), (0, 0)]
    return note(NT_AUXV, b"".join(struct.pack("<2Q", *pair) for pair in pairs))


def files(base, headers, path):
    maps = [(base + address, base + address + in_memory, offset // PAGE) for kind, _, offset, address, _, in_memory in headers if kind == PT_LOAD]
    name = os.path.abspath(path).encode() + b"\0"
    return note(NT_FILE, struct.pack("<2Q", len(maps), PAGE) + b"".join(struct.pack("<3Q", *one) for one in maps) + name * len(maps))


def elf(dump, image):
    entry, headers = image_headers(image)
    signal = SIGNALS.get(dump.cause, SIGABRT)
    notes = b""
    for number, (ident, _, registers) in enumerate(dump.threads):
        notes += prstatus(signal, ident, registers)
        if number == 0:
            notes += prpsinfo(dump, image) + siginfo(signal, dump.base + dump.address) + auxv(dump.base, entry, headers) + files(dump.base, headers, image)
    loads = [(address, flags, data, len(data)) for address, flags, data in dump.regions]
    # What is in the image is read from there.
    loads += [(dump.base + address, flags, b"", in_memory) for kind, flags, _, address, _, in_memory in headers if kind == PT_LOAD and not flags & 2]
    loads.sort()
    at = 64 + 56 * (1 + len(loads))
    table = struct.pack("<2I6Q", PT_NOTE, 0, at, 0, 0, len(notes), 0, 4)
    at += len(notes)
    body = notes
    for address, flags, data, size in loads:
        padding = -at % PAGE
        body += bytes(padding) + data
        at += padding
        table += struct.pack("<2I6Q", PT_LOAD, flags, at, address, 0, len(data), size, PAGE)
        at += len(data)
    head = struct.pack("<16s2HI3QI6H", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1 + len(loads), 0, 0, 0)
    return head + table + body


# ---- the command

def fetch(control, name):
    data = b""
    while True:
        answer = control.ask(f"core {name} {len(data)}")
        data += base64.b64decode(answer["data"])
        if not answer["data"] or len(data) >= answer["size"]:
            return data


def write(control, name, path, build):
    """Fetch what is kept of a domain and write it as an ELF core; the dump and its image's path."""
    try:
        dump = parse(fetch(control, name))
    except Malformed as error:
        raise Trouble(f"what is kept of {name} is damaged: {error}") from error
    image = os.path.join(build, "domains", dump.image if dump.image.endswith(".elf") else dump.image + ".elf")
    contents = elf(dump, image)

    def put(part):
        with open(part, "wb") as file:
            file.write(contents)
    save(path, put)
    return dump, image


def core(control, arguments):
    if arguments.keep:
        answer = control.ask(f"cores {arguments.keep}")
        return answer, lambda: print("from now on the last death of each domain is kept" if arguments.keep == "on" else "no more deaths are kept")
    if not arguments.domain:
        answer = control.ask("cores")

        def show_list():
            for one in answer["cores"]:
                print(f"{one['name']}, instance {one['generation']}: {one['size']} bytes, {one['left_out']} left out, died {one['time_ns'] / 1e9:.3f} s after the start")
            print("the next death is kept, too" if answer["keeping"] else "no deaths are being kept; `bhctl core --keep on' changes that")
        return answer, show_list
    path = arguments.output or arguments.domain + ".core"
    dump, image = write(control, arguments.domain, path, arguments.build)
    answer = {"ok": True, "file": path, "image": image, "threads": len(dump.threads), "left_out": dump.left_out}

    def show():
        print(f"{path}: {dump.name} (instance {dump.generation}), {len(dump.threads)} threads, {sum(len(data) for _, _, data in dump.regions)} bytes of memory")
        if dump.left_out or dump.threads_left_out:
            print(f"left out for want of room: {dump.left_out} bytes and {dump.threads_left_out} threads; a larger buffer \"cores\" in the manifest holds more")
        print(f"gdb {os.path.relpath(image)} {path}")
    return answer, show


def add_core(parser):
    parser.add_argument("domain", nargs="?", help="whose; without: what is kept")
    parser.add_argument("-o", "--output", metavar="FILE", help="DOMAIN.core")
    parser.add_argument("--keep", choices=("on", "off"), help="whether deaths are kept from now on (off at the start)")
