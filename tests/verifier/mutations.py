# SPDX-License-Identifier: MIT
"""Lies in the headers of an image: what assembly and linker would never make. Each is a change of a good image's bytes."""
import random
import ring_notes
import struct

EHDR, PHDR, SHDR = "<16sHHIQQQIHHHHHH", "<IIQQQQQQ", "<IIQQQQIIQQ"
LOAD, DYNAMIC, INTERPRETER, NOTE, TLS, UNWIND, STACK = 1, 2, 3, 4, 7, 0x6474E550, 0x6474E551
EXTRA_PAGE, RANDOM_CHANGES = 0x30000, 60
IMPORT, FUNCTIONS = 1, 3
EXECUTE, WRITE, READ = 1, 2, 4
DT_RELA, DT_RELASZ, DT_RELAENT, DT_REL, DT_NEEDED, DT_TEXTREL, DT_JMPREL, DT_RELR = 7, 8, 9, 17, 1, 22, 23, 36
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


def stored_word(image, address):
    """The 8-byte word that the file has for an address of memory; 0 where it has none."""
    for at in image.segments():
        start, size = image.program(at, P_VADDR), image.program(at, P_FILESZ)
        if image.program(at, P_TYPE) == LOAD and start <= address and address + 8 <= start + size:
            return struct.unpack_from("<q", image.data, image.program(at, P_OFFSET) + address - start)[0]
    return 0


def relocation(offset, info, addend=None):
    """A relocation table of one entry, written over the data segment's last bytes. Addend None: the word that is there."""
    def change(image):
        data = image.segment(LOAD, READ | WRITE)
        at = image.program(data, P_OFFSET) + image.program(data, P_FILESZ) - 24
        where = image.program(data, P_VADDR) + image.program(data, P_FILESZ) - 24
        image.dynamic([(DT_RELA, where), (DT_RELASZ, 24), (DT_RELAENT, 24), (0, 0)])
        struct.pack_into("<QQq", image.data, at, offset, info, stored_word(image, offset) if addend is None else addend)
    return edit(change)


def relocation_over_the_end(image):
    """The relocated word begins in writable memory, and ends behind what the file has of it."""
    data = image.segment(LOAD, READ | WRITE)
    end = image.program(data, P_VADDR) + image.program(data, P_FILESZ)
    table = image.program(image.segment(LOAD, READ), P_VADDR) + 0x800
    grown = 0x800 + 24
    image.program(image.segment(LOAD, READ), P_FILESZ, grown)
    image.program(image.segment(LOAD, READ), P_MEMSZ, grown)
    struct.pack_into("<QQq", image.data, 0x800, end - 8, 8, stored_word(image, end - 8))
    image.dynamic([(DT_RELA, table), (DT_RELASZ, 24), (DT_RELAENT, 24), (0, 0)])
    image.program(data, P_FILESZ, image.program(data, P_FILESZ) - 4)
    image.program(image.segment(DYNAMIC), P_FILESZ, 64)


CHECK = bytes.fromhex("4589db41ba0000000065674503 53fc 7402 0f0b 654c031c2500000100 41ffd3")
LABEL = 0x13572468
STACK_WORD = bytes.fromhex("4889e048250000ffff488b08")
ANCHOR = bytes.fromhex("654c8b1c2500000100")


def text_of(code, size=None):
    """Other code for the one function; size: as much of it as the segment shows."""
    def change(image):
        text = image.segment(LOAD, READ | EXECUTE)
        at = image.program(text, P_OFFSET)
        image.data[at:at + len(code)] = code
        for field in (P_FILESZ, P_MEMSZ):
            image.program(text, field, size or len(code))
    return change


def last_in_the_file(code):
    """The text is the last thing in the file, and ends in the middle of an instruction."""
    def change(image):
        text_of(code)(image)
        for field in (P_OFFSET, P_FILESZ):
            image.program(image.segment(LOAD, READ | WRITE), field, 0)
        image.program(image.segment(DYNAMIC), P_TYPE, 0)
        del image.data[image.program(image.segment(LOAD, READ | EXECUTE), P_OFFSET) + len(code):]
    return edit(change)


def checked_call():
    """The checked call of LABEL, and a return."""
    code = bytearray(CHECK)
    struct.pack_into("<I", code, 5, -LABEL & 0xFFFFFFFF)
    return bytes(code) + b"\xc3"


def label_in_front_of_text(image):
    """Read-only memory reaches up to the text, and ends in the label that the text checks."""
    text_of(checked_call())(image)
    rodata, text = image.segment(LOAD, READ), image.program(image.segment(LOAD, READ | EXECUTE), P_OFFSET)
    for field in (P_FILESZ, P_MEMSZ):
        image.program(rodata, field, text)
    struct.pack_into("<I", image.data, text - 4, LABEL)


JUMP_SIZE, JUMP_LAST, JUMP_TABLE = 19, 2, 6
JUMP = bytes.fromhex("83e000 488d0df6ff0000 48630481 4801c8 ffe0")


def table_jump(text, entries, table, size=None, contents=b"", memory=None):
    """A jump through a table, and nothing else: to its own start. The table is in the extra page."""
    def change(image):
        code = bytearray(JUMP)
        code[JUMP_LAST] = entries - 1
        struct.pack_into("<i", code, JUMP_TABLE, table - text - JUMP_TABLE - 4)
        text_of(code, size)(image)
        extra_page(image, contents)
        at = next(one for one in image.segments() if image.program(one, P_VADDR) == EXTRA_PAGE)
        image.program(at, P_MEMSZ, memory or len(contents))
    return edit(change)


def many_segments(image):
    """More segments than a domain may have, each a page of its own."""
    table = bytearray()
    for at in image.segments():
        table += image.data[at:at + 56]
    for i in range(8):
        table += struct.pack(PHDR, LOAD, READ, 0, 0x100000 + 0x1000 * i, 0, 0, 8, 0x1000)
    image.data += bytes(-len(image.data) % 8)
    image.head(E_PHNUM, len(table) // 56)
    image.head(E_PHOFF, len(image.data))
    image.data += table


def table_before_text(image):
    """Two entries: the end of read-only memory, and the first bytes of the text, which lead to a no-operation there."""
    rodata, text = image.segment(LOAD, READ), image.program(image.segment(LOAD, READ | EXECUTE), P_OFFSET)
    first = bytes.fromhex("b804000000") # movl $4, %eax
    code = bytearray(first + JUMP + b"\x90" * 0x500 + b"\xc3")
    code[len(first) + JUMP_LAST] = 1
    struct.pack_into("<i", code, len(first) + JUMP_TABLE, -4 - len(first) - JUMP_TABLE - 4)
    text_of(code)(image)
    for field in (P_FILESZ, P_MEMSZ):
        image.program(rodata, field, text)
    struct.pack_into("<i", image.data, text - 4, 4)


def function_table_at_the_end(image):
    """The function table begins where read-only memory ends."""
    rodata = image.segment(LOAD, READ)
    note = image.program(image.segment(NOTE), P_OFFSET) + 24
    end = image.program(rodata, P_FILESZ)
    struct.pack_into("<ii", image.data, note, end - note, end + 4 - (note + 4))


def dynamic(*entries):
    return edit(lambda image: image.dynamic(entries))


def section(kind, field, value):
    return edit(lambda image: image.section_field(image.section(kind), field, value))


def extra_page(image, contents):
    """A read-only segment more, at the end of the file, where the linker's note about the stack was."""
    offset = (len(image.data) + 0xFFF) & ~0xFFF
    at = image.segment(STACK)
    for field, value in ((P_TYPE, LOAD), (P_FLAGS, READ), (P_OFFSET, offset), (P_VADDR, EXTRA_PAGE), (P_FILESZ, len(contents)), (P_MEMSZ, len(contents))):
        image.program(at, field, value)
    image.data += bytes(offset - len(image.data)) + contents


def note_bytes(kind, body, name=b"Bulkhead\0\0\0\0", name_size=9, size=None):
    return struct.pack("<III", name_size, len(body) if size is None else size, kind) + name + body


def interface(number=1, methods=1, name=b"Some"):
    return struct.pack("<IIQ32s", number, methods, 0x1234, name)


def notes(*more, times=1, cut=0):
    """The image's own function note in the extra page, behind others."""
    def change(image):
        old = image.program(image.segment(NOTE), P_OFFSET) + 24
        start, end = (image.program(image.segment(NOTE), P_VADDR) + 24 + 4 * i + struct.unpack_from("<i", image.data, old + 4 * i)[0] for i in (0, 1))
        contents = b"".join(more)
        for _ in range(times):
            where = EXTRA_PAGE + len(contents) + 24
            contents += note_bytes(FUNCTIONS, struct.pack("<ii", start - where, end - where - 4))
        extra_page(image, contents)
        at = image.segment(NOTE)
        for field, value in ((P_OFFSET, image.program(image.segment(LOAD, READ), P_OFFSET)), (P_VADDR, EXTRA_PAGE), (P_FILESZ, len(contents) - cut)):
            image.program(at, field, value)
    return edit(change)


def relocations(*entries, size=None, address=None, dynamics=1):
    """A relocation table in the extra page; each entry (offset, addend)."""
    def change(image):
        table = b"".join(struct.pack("<QQq", offset, 8, addend) for offset, addend in entries)
        if dynamics == 2:
            at, copy = image.segment(NOTE), image.segment(DYNAMIC)
            image.data[at:at + 56] = image.data[copy:copy + 56]
        extra_page(image, table)
        image.dynamic([(DT_RELA, EXTRA_PAGE if address is None else address), (DT_RELASZ, len(table) if size is None else size), (DT_RELAENT, 24), (0, 0)])
    return edit(change)


def unwind_tables(address, size):
    """A program header that says where .eh_frame_hdr is."""
    def change(image):
        at = image.segment(STACK)
        for field, value in ((P_TYPE, UNWIND), (P_VADDR, address), (P_FILESZ, size), (P_MEMSZ, size)):
            image.program(at, field, value)
    return edit(change)


def swapped(image):
    text, data = image.segment(LOAD, READ | EXECUTE), image.segment(LOAD, READ | WRITE)
    image.data[text:text + 56], image.data[data:data + 56] = image.data[data:data + 56], image.data[text:text + 56]


def bss_over_the_next(image):
    """The first segment grows, in memory only, over the text behind it."""
    image.program(image.segment(LOAD, READ), P_MEMSZ, 0x1001)


def symbols_everywhere(image):
    """Every symbol is a function with a name behind the end."""
    table = image.section(2)
    for i in range(image.section_field(table, SH_SIZE) // 24):
        struct.pack_into("<IBBHQQ", image.data, image.section_field(table, SH_OFFSET) + 24 * i, 0xFFFFFFF0, 2, 0, 0, 0x21000, 1 << 63)


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
    """(name, rule or "any", "accepted" or None, function from bytes to bytes) of every mutation. None: accepted or refused, never a crash."""
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
    yield "a segment smaller in memory than in the file", "IMAGE_SEGMENTS", program(LOAD, P_MEMSZ, 8, READ | WRITE)
    yield "more segments than a domain may have", "IMAGE_SEGMENTS", edit(many_segments)
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
    yield "a function table that starts where the image ends", "IMAGE_FUNCTIONS", edit(function_table_at_the_end)
    yield "text that is a checked call", "accepted", edit(text_of(checked_call()))
    yield "text that ends inside a checked sequence", "BRANCH_TARGET", edit(text_of(checked_call(), 19))
    yield "text that ends inside the data stack idiom", "STACK_WORD", edit(text_of(STACK_WORD, 5))
    yield "a file that ends inside the load of an anchor", "DECODE", last_in_the_file(ANCHOR[:5])
    start = struct.pack("<i", text - EXTRA_PAGE)
    yield "text that is a jump through a table", "accepted", table_jump(text, 2, EXTRA_PAGE, contents=start + start)
    for size in (JUMP_SIZE - 1, JUMP_SIZE - 2, JUMP_SIZE - 3, JUMP_SIZE - 5):
        yield f"text that ends after {size} bytes of a jump through a table", "OPERAND_SEGMENT", table_jump(text, 1, EXTRA_PAGE, size, start)
    for size in (1, 2, 5, 9, 12):
        yield f"text that ends after {size} bytes of a jump through a table", "any", table_jump(text, 1, EXTRA_PAGE, size, start)
    for size in (1, 2, 5, 9, 12, JUMP_SIZE - 1):
        yield f"a file that ends after {size} bytes of a jump through a table", "any", last_in_the_file(JUMP[:size])
    yield "a table that ends in the middle of an entry", "JUMP_TABLE", table_jump(text, 2, EXTRA_PAGE, contents=start + start[:3])
    yield "a table that begins where its segment ends", "JUMP_TABLE", table_jump(text, 1, EXTRA_PAGE + 4, contents=start)
    yield "a table in memory behind the file", "JUMP_TABLE", table_jump(text, 2, EXTRA_PAGE, contents=start, memory=0x1000)
    yield "a table that begins in front of its segment", "JUMP_TABLE", table_jump(text, 1, EXTRA_PAGE - 1, contents=start + start)
    yield "a table that reaches from constants into the text", "JUMP_TABLE", edit(table_before_text)
    yield "a label in front of the text", "LABEL", edit(label_in_front_of_text)
    yield "a function in front of the text", "IMAGE_FUNCTIONS", listed_function(-0x100)
    yield "a function behind the text", "IMAGE_FUNCTIONS", listed_function(0x100000)
    yield "a relocation table outside the image", "IMAGE_RELOCATIONS", dynamic((DT_RELA, 0x9000000), (DT_RELASZ, 24), (0, 0))
    yield "a relocation table at the end of the address space", "IMAGE_RELOCATIONS", dynamic((DT_RELA, big), (DT_RELASZ, 24), (0, 0))
    yield "a relocation table of half an entry", "IMAGE_RELOCATIONS", dynamic((DT_RELA, 0x20000), (DT_RELASZ, 12), (0, 0))
    yield "a relocation in the text", "IMAGE_RELOCATIONS", relocation(text, 8)
    yield "a relocation of another type", "IMAGE_RELOCATIONS", relocation(0x22000, 37)
    yield "a relocation with a symbol", "IMAGE_RELOCATIONS", relocation(0x22000, 0x100000008)
    yield "a relocation of the table page", "IMAGE_RELOCATIONS", relocation(0x10000, 8, 0)
    yield "a relocation of the kernel", "IMAGE_RELOCATIONS", relocation(0xFFFFFFFF80000000, 8, 0)
    yield "a relocation whose word is not its addend", "IMAGE_RELOCATIONS", relocation(0x22000, 8, 0x123456)
    yield "a relocated word that ends behind writable memory", "IMAGE_RELOCATIONS", edit(relocation_over_the_end)
    for tag, name in ((DT_REL, "without addends"), (DT_JMPREL, "of a procedure table"), (DT_RELR, "packed")):
        yield f"relocations {name}", "IMAGE_RELOCATIONS", dynamic((tag, 0x20000), (0, 0))
    yield "a needed library", "IMAGE_RELOCATIONS", dynamic((DT_NEEDED, 1), (0, 0))
    yield "a text relocation flag", "IMAGE_RELOCATIONS", dynamic((DT_TEXTREL, 0), (0, 0))
    yield "a dynamic section outside the image", "IMAGE_RELOCATIONS", program(DYNAMIC, P_VADDR, 0x8000000)
    data = Image(good).program(Image(good).segment(LOAD, READ | WRITE), P_VADDR)
    word = struct.unpack_from("<q", good, Image(good).program(Image(good).segment(LOAD, READ | WRITE), P_OFFSET))[0]
    yield "segments out of order", "IMAGE_SEGMENTS", edit(swapped)
    yield "memory of one segment over the next", "IMAGE_SEGMENTS", edit(bss_over_the_next)
    yield "notes in a page of their own", "accepted", notes()
    yield "notes of interfaces", "accepted", notes(*[note_bytes(IMPORT, interface(i)) for i in range(32)])
    yield "a note of somebody else", "accepted", notes(note_bytes(7, b"1234", b"GNU\0", 4))
    yield "two function notes", "IMAGE_NOTES", notes(times=2)
    yield "a function note that is cut short", "IMAGE_NOTES", notes(cut=4)
    yield "a note of unknown type", "IMAGE_NOTES", notes(note_bytes(4, b"1234"))
    yield "a note whose name is longer than the segment", "IMAGE_NOTES", notes(note_bytes(IMPORT, interface(), name_size=0xFFFFFFF8))
    yield "a note whose body is longer than the segment", "IMAGE_NOTES", notes(note_bytes(IMPORT, interface(), size=0xFFFFFFFC))
    yield "an interface note of another size", "IMAGE_NOTES", notes(note_bytes(IMPORT, interface()[:44]))
    yield "an interface that has no place in the table", "IMAGE_NOTES", notes(note_bytes(IMPORT, interface(60)))
    yield "an interface with more methods than there are places", "IMAGE_NOTES", notes(note_bytes(IMPORT, interface(1, 17)))
    yield "an interface whose name has no end", "IMAGE_NOTES", notes(note_bytes(IMPORT, interface(name=b"x" * 32)))
    yield "more interfaces than can be", "IMAGE_NOTES", notes(*[note_bytes(IMPORT, interface(i)) for i in range(33)])
    yield from ring_notes.lies(notes, note_bytes)
    yield "more functions than fit the text", "IMAGE_FUNCTIONS", function_table((-0x1C8 - 24, 0x20))
    yield "a relocation of a word of the data", "accepted", relocations((data, word))
    yield "two relocations of one word", "IMAGE_RELOCATIONS", relocations((data, word), (data, word))
    yield "a relocation of half a word", "IMAGE_RELOCATIONS", relocations((data + 4, 0))
    yield "a relocation of the last byte of the segment", "IMAGE_RELOCATIONS", relocations((data + 0x88 - 1, 0))
    yield "a relocation of memory behind the file", "IMAGE_RELOCATIONS", relocations((data + 0x88, 0))
    yield "a relocation of constants", "IMAGE_RELOCATIONS", relocations((0x20200, 0))
    yield "a relocation of another slot", "IMAGE_RELOCATIONS", relocations((data + (1 << 32), word))
    yield "a relocation table longer than the file", "IMAGE_RELOCATIONS", relocations((data, word), size=24 << 20)
    yield "a relocation table whose size overflows", "IMAGE_RELOCATIONS", relocations((data, word), size=(1 << 64) - 24)
    yield "two dynamic sections", "IMAGE_RELOCATIONS", relocations((data, word), dynamics=2)
    yield "unwind tables outside the image", "accepted", unwind_tables(0x9000000, 64)
    yield "unwind tables at the end of the address space", "accepted", unwind_tables(big, 64)
    yield "unwind tables without a size", "accepted", unwind_tables(0x20000, 0)
    yield "unwind tables longer than the image", "accepted", unwind_tables(0x20000, 1 << 63)
    yield "unwind tables that are the text", "accepted", unwind_tables(0x20000, 0x224)
    yield "symbols without names", "accepted", edit(symbols_everywhere)
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
