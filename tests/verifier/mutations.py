# SPDX-License-Identifier: MIT
"""Lies in the headers of an image: what assembly and linker would never make. Each is a change of a good image's bytes."""
import random
import struct

EHDR, PHDR, SHDR = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ", "<IIQQQQIIQQ"
LOAD, DYNAMIC, INTERPRETER, NOTE, TLS = 1, 2, 3, 4, 7
EXECUTE, WRITE, READ = 1, 2, 4
DT_RELA, DT_RELASZ, DT_RELAENT, DT_REL, DT_NEEDED, DT_TEXTREL, DT_JMPREL, DT_RELR = 7, 8, 9, 17, 1, 22, 23, 36
RANDOM_CHANGES = 60
E_TYPE, E_MACHINE, E_ENTRY, E_PHOFF, E_SHOFF, E_PHENTSIZE, E_PHNUM, E_SHENTSIZE, E_SHNUM = 1, 2, 4, 5, 6, 9, 10, 11, 12
P_TYPE, P_FLAGS, P_OFFSET, P_VADDR, P_FILESZ, P_MEMSZ = 0, 1, 2, 3, 5, 6
SH_OFFSET, SH_SIZE, SH_LINK, SH_ENTSIZE = 4, 5, 6, 9


class Image:
    """An ELF file to be changed in place."""

    def __init__(self, data):
        self.data = bytearray(data)

    def head(self, field, value=None):
        """A field of the file header; set when a value is given."""
        return self._field(EHDR, 0, field, value)

    def segments(self):
        """Offsets of the program headers."""
        return [self.head(E_PHOFF) + 56 * i for i in range(self.head(E_PHNUM))]

    def segment(self, kind, flags=None):
        """The first program header of this type (and with these flags)."""
        for at in self.segments():
            if self.program(at, P_TYPE) == kind and (flags is None or self.program(at, P_FLAGS) == flags):
                return at
        raise KeyError(f"no program header of type {kind}")

    def program(self, at, field, value=None):
        """A field of a program header."""
        return self._field(PHDR, at, field, value)

    def section(self, kind):
        """Offset of the first section header of this type."""
        for i in range(self.head(E_SHNUM)):
            at = self.head(E_SHOFF) + 64 * i
            if self._field(SHDR, at, 1, None) == kind:
                return at
        raise KeyError(f"no section of type {kind}")

    def section_field(self, at, field, value=None):
        """A field of a section header."""
        return self._field(SHDR, at, field, value)

    def _field(self, layout, at, field, value):
        parts = list(struct.unpack_from(layout, self.data, at))
        if value is not None:
            parts[field] = value
            struct.pack_into(layout, self.data, at, *parts)
        return parts[field]

    def dynamic(self, entries):
        """Replace the first entries of the dynamic section."""
        at = self.program(self.segment(DYNAMIC), P_OFFSET)
        for i, (tag, value) in enumerate(entries):
            struct.pack_into("<QQ", self.data, at + 16 * i, tag, value)


def edit(change):
    """A function from bytes to bytes out of one that changes an Image."""
    def make(data):
        image = Image(data)
        change(image)
        return bytes(image.data)
    return make


def header(field, value):
    return edit(lambda image: image.head(field, value))


def program(kind, field, value, flags=None):
    return edit(lambda image: image.program(image.segment(kind, flags), field, value))


def second_executable(image):
    image.program(image.segment(LOAD, READ | WRITE), P_FLAGS, READ | EXECUTE)


def writable_before_text(image):
    image.program(image.segment(LOAD, READ), P_FLAGS, READ | WRITE)


def overlapping(image):
    data, text = image.segment(LOAD, READ | WRITE), image.segment(LOAD, READ | EXECUTE)
    image.program(data, P_VADDR, image.program(text, P_VADDR))


def same_page(image):
    text, data = image.segment(LOAD, READ | EXECUTE), image.segment(LOAD, READ | WRITE)
    image.program(data, P_VADDR, image.program(text, P_VADDR) + 0x800)
    image.program(data, P_OFFSET, image.program(data, P_OFFSET) + 0x800)


def text_inside_page(image):
    text = image.segment(LOAD, READ | EXECUTE)
    for field in (P_OFFSET, P_VADDR):
        image.program(text, field, image.program(text, field) + 1)
    for field in (P_FILESZ, P_MEMSZ):
        image.program(text, field, image.program(text, field) - 1)


def bigger_text_in_memory(image):
    text = image.segment(LOAD, READ | EXECUTE)
    image.program(text, P_MEMSZ, image.program(text, P_MEMSZ) + 16)


def function_table(distance):
    """The function note's distances, as (start, end)."""
    def change(image):
        at = image.program(image.segment(NOTE), P_OFFSET) + 24
        struct.pack_into("<ii", image.data, at, *distance)
    return edit(change)


def empty_function_table(image):
    at = image.program(image.segment(NOTE), P_OFFSET) + 24
    struct.pack_into("<i", image.data, at + 4, struct.unpack_from("<i", image.data, at)[0] - 4)


def listed_function(distance):
    """The first entry of the function table."""
    def change(image):
        at = image.program(image.segment(NOTE), P_OFFSET) + 24
        start = at + struct.unpack_from("<i", image.data, at)[0]
        struct.pack_into("<i", image.data, start, distance)
    return edit(change)


def relocation(offset, info, addend):
    """A relocation table of one entry, written over the data segment's first bytes behind the dynamic section's start."""
    def change(image):
        data = image.segment(LOAD, READ | WRITE)
        at = image.program(data, P_OFFSET) + image.program(data, P_FILESZ) - 24
        where = image.program(data, P_VADDR) + image.program(data, P_FILESZ) - 24
        struct.pack_into("<QQq", image.data, at, offset, info, addend)
        image.dynamic([(DT_RELA, where), (DT_RELASZ, 24), (DT_RELAENT, 24), (0, 0)])
    return edit(change)


def dynamic(*entries):
    return edit(lambda image: image.dynamic(entries))


def section(kind, field, value):
    return edit(lambda image: image.section_field(image.section(kind), field, value))


def random_header_bytes(seed):
    def make(data):
        chance = random.Random(seed)
        image = Image(data)
        end = image.head(E_PHOFF) + 56 * image.head(E_PHNUM)
        notes = image.program(image.segment(NOTE), P_OFFSET)
        places = list(range(16, end)) + list(range(notes, notes + 64)) + list(range(image.head(E_SHOFF), len(image.data)))
        for _ in range(chance.randrange(1, 5)):
            at = chance.choice([p for p in places if p < len(image.data)])
            image.data[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        return bytes(image.data)
    return make


def all_of(good):
    """(name, rule or "any" or None, function from bytes to bytes) of every mutation. None: accepted or refused, never a crash."""
    text = Image(good).program(Image(good).segment(LOAD, READ | EXECUTE), P_VADDR)
    big = (1 << 64) - 8
    yield "an empty file", "IMAGE_HEADER", lambda data: b""
    yield "not an ELF file", "IMAGE_HEADER", lambda data: b"#!/bin/sh\n" + data[10:]
    yield "a 32-bit file", "IMAGE_HEADER", lambda data: data[:4] + b"\x01" + data[5:]
    yield "a big-endian file", "IMAGE_HEADER", lambda data: data[:5] + b"\x02" + data[6:]
    yield "an object file", "IMAGE_HEADER", header(E_TYPE, 1)
    yield "a fixed-address program", "IMAGE_HEADER", header(E_TYPE, 2)
    yield "another machine", "IMAGE_HEADER", header(E_MACHINE, 183)
    yield "program headers behind the end", "IMAGE_HEADER", header(E_PHOFF, len(good))
    yield "program headers at the end of the address space", "IMAGE_HEADER", header(E_PHOFF, big)
    yield "unaligned program headers", "IMAGE_HEADER", header(E_PHOFF, 65)
    yield "program headers of another size", "IMAGE_HEADER", header(E_PHENTSIZE, 32)
    yield "too many program headers", "IMAGE_HEADER", header(E_PHNUM, 0xFFFF)
    yield "no program headers", "IMAGE_WX", header(E_PHNUM, 0)
    yield "an interpreter", "IMAGE_HEADER", program(NOTE, P_TYPE, INTERPRETER)
    yield "thread-local storage", "IMAGE_HEADER", program(NOTE, P_TYPE, TLS)
    yield "entry outside the text", "IMAGE_ENTRY", header(E_ENTRY, 0x20000)
    yield "entry beyond 4 GiB", "IMAGE_ENTRY", header(E_ENTRY, (1 << 32) + text)
    yield "entry inside a function", "IMAGE_ENTRY", header(E_ENTRY, text + 7)
    yield "a segment outside the file", "IMAGE_SEGMENTS", program(LOAD, P_OFFSET, len(good) & ~0xFFF | 0x1000, READ | WRITE)
    yield "a segment whose offset overflows", "IMAGE_SEGMENTS", program(LOAD, P_OFFSET, 0xFFFFFFFFFFFFF000, READ | WRITE)
    yield "a segment whose size overflows", "IMAGE_SEGMENTS", program(LOAD, P_MEMSZ, big, READ | WRITE)
    yield "a segment bigger in the file", "IMAGE_SEGMENTS", program(LOAD, P_FILESZ, 0x7000, READ | WRITE)
    yield "a segment in the table page", "IMAGE_SEGMENTS", program(LOAD, P_VADDR, 0x10000, READ)
    yield "a segment in the null page", "IMAGE_SEGMENTS", program(LOAD, P_VADDR, 0, READ)
    yield "a segment in the heap", "IMAGE_SEGMENTS", program(LOAD, P_VADDR, 0x10000000, READ | WRITE)
    yield "a segment beyond the slot", "IMAGE_SEGMENTS", program(LOAD, P_VADDR, 0x100022000, READ | WRITE)
    yield "a segment of the kernel", "IMAGE_SEGMENTS", program(LOAD, P_VADDR, 0xFFFFFFFF80000000, READ | WRITE)
    yield "a segment at the end of the address space", "IMAGE_SEGMENTS", program(LOAD, P_VADDR, 0xFFFFFFFFFFFFF000, READ | WRITE)
    yield "bss up to the heap and beyond", "IMAGE_SEGMENTS", program(LOAD, P_MEMSZ, 0x10000000, READ | WRITE)
    yield "overlapping segments", "IMAGE_SEGMENTS", edit(overlapping)
    yield "two segments on one page", "IMAGE_SEGMENTS", edit(same_page)
    yield "a segment at another place of its page than in the file", "IMAGE_SEGMENTS", program(LOAD, P_OFFSET, 0x2008, READ | WRITE)
    yield "text that does not start a page", "IMAGE_SEGMENTS", edit(text_inside_page)
    yield "writable memory in front of the text", "IMAGE_SEGMENTS", edit(writable_before_text)
    yield "writable text", "IMAGE_WX", program(LOAD, P_FLAGS, READ | WRITE | EXECUTE, READ | EXECUTE)
    yield "executable data", "IMAGE_WX", program(LOAD, P_FLAGS, READ | WRITE | EXECUTE, READ | WRITE)
    yield "two executable segments", "IMAGE_WX", edit(second_executable)
    yield "no executable segment", "IMAGE_WX", program(LOAD, P_FLAGS, READ, READ | EXECUTE)
    yield "text that is not all in the file", "IMAGE_WX", edit(bigger_text_in_memory)
    yield "notes outside the image", "IMAGE_NOTES", program(NOTE, P_VADDR, 0x8000000)
    yield "unaligned notes", "IMAGE_NOTES", program(NOTE, P_VADDR, 0x201C9)
    yield "no notes", "IMAGE_FUNCTIONS", program(NOTE, P_TYPE, 0)
    yield "a function table outside the image", "IMAGE_FUNCTIONS", function_table((0x7000000, 0x7000000))
    yield "a function table in front of the image", "IMAGE_FUNCTIONS", function_table((-0x7000000, 0))
    yield "a function table that ends before it starts", "IMAGE_FUNCTIONS", function_table((64, 0))
    yield "a function table of half an entry", "IMAGE_FUNCTIONS", function_table((0, 2))
    yield "an empty function table", "IMAGE_FUNCTIONS", edit(empty_function_table)
    yield "a function in front of the text", "IMAGE_FUNCTIONS", listed_function(-0x100)
    yield "a function behind the text", "IMAGE_FUNCTIONS", listed_function(0x100000)
    yield "a relocation table outside the image", "IMAGE_RELOCATIONS", dynamic((DT_RELA, 0x9000000), (DT_RELASZ, 24), (0, 0))
    yield "a relocation table at the end of the address space", "IMAGE_RELOCATIONS", dynamic((DT_RELA, big), (DT_RELASZ, 24), (0, 0))
    yield "a relocation table of half an entry", "IMAGE_RELOCATIONS", dynamic((DT_RELA, 0x20000), (DT_RELASZ, 12), (0, 0))
    yield "a relocation in the text", "IMAGE_RELOCATIONS", relocation(text, 8, 0)
    yield "a relocation of another type", "IMAGE_RELOCATIONS", relocation(0x22000, 37, 0)
    yield "a relocation with a symbol", "IMAGE_RELOCATIONS", relocation(0x22000, 0x100000001, 0)
    yield "a relocation of the table page", "IMAGE_RELOCATIONS", relocation(0x10000, 8, 0)
    yield "a relocation of the kernel", "IMAGE_RELOCATIONS", relocation(0xFFFFFFFF80000000, 8, 0)
    yield "a relocation whose word is not its addend", "IMAGE_RELOCATIONS", relocation(0x22000, 8, 0x123456)
    for tag, name in ((DT_REL, "without addends"), (DT_JMPREL, "of a procedure table"), (DT_RELR, "packed")):
        yield f"relocations {name}", "IMAGE_RELOCATIONS", dynamic((tag, 0x20000), (0, 0))
    yield "a needed library", "IMAGE_RELOCATIONS", dynamic((DT_NEEDED, 1), (0, 0))
    yield "a text relocation flag", "IMAGE_RELOCATIONS", dynamic((DT_TEXTREL, 0), (0, 0))
    yield "a dynamic section outside the image", "IMAGE_RELOCATIONS", program(DYNAMIC, P_VADDR, 0x8000000)
    yield "sections behind the end", None, header(E_SHOFF, len(good) & ~7)
    yield "too many sections", None, header(E_SHNUM, 0xFFF0)
    yield "sections of another size", None, header(E_SHENTSIZE, 1)
    yield "symbols outside the file", None, section(2, SH_OFFSET, big)
    yield "symbols of another size", None, section(2, SH_ENTSIZE, 0)
    yield "symbols overlapping their names", None, section(2, SH_LINK, 1)
    yield "symbols that link to no section", None, section(2, SH_LINK, 0xFFFFFFFF)
    yield "a symbol table over the text", None, section(2, SH_OFFSET, 0x1000)
    yield "names without an end", None, section(3, SH_SIZE, 1)
    for cut in (1, 15, 63, 64, 65, 119, 0x1C0, 0x1D0, 0x200, 0xFFF, 0x1000, 0x1001, len(good) // 2):
        if cut < len(good) - 1:
            yield f"cut after {cut} bytes", "any", lambda data, cut=cut: data[:cut]
    yield "the last byte cut off", None, lambda data: data[:-1]
    for seed in range(RANDOM_CHANGES):
        yield f"random changes of the headers, seed {seed}", None, random_header_bytes(seed)
