// SPDX-License-Identifier: MIT
//
// Archives and images that are right in form, and lies about them: one field, one value that somebody might have forgotten to check.
//
//   image, slot offset 0x20000 on:  0 headers | 0x200 notes | 0x400 functions | 0x500 relocations | 0x700 dynamic | 0x800 unwind tables |
//   0x900 symbols | 0xa00 names | 0xb00 sections | 0x1000 text | 0x2000 data
#include "tests/fuzz/loader/world.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/abi/image.h"
#include "kernel/abi/manifest.h"
#include "kernel/abi/slot.h"
#include "labels.h"

enum { NOTES = 0x200, FUNCTIONS = 0x400, RELOCATIONS = 0x500, DYNAMIC = 0x700, UNWIND = 0x800, SYMBOLS = 0x900, NAMES = 0xa00, SECTIONS = 0xb00,
       TEXT = 0x1000, DATA = 0x2000, DATA_SIZE = 0x100, IMAGE_SIZE = DATA + DATA_SIZE };
enum { SEGMENTS = 6, FUNCTION_COUNT = 4, RELOCATION_COUNT = 5, SYMBOL_COUNT = 4 };

static unsigned draw(unsigned limit) {
    return (unsigned)rand() % limit;
}

// ---- an image --------------------------------------------------------------------------------------------------------------------

static Elf64_Phdr segment(uint32_t type, uint32_t flags, uint64_t offset, uint64_t size, uint64_t memory) {
    return (Elf64_Phdr){.p_type = type, .p_flags = flags, .p_offset = offset, .p_vaddr = BH_SLOT_IMAGE + offset, .p_filesz = size, .p_memsz = memory};
}

static void put_headers(uint8_t *to, uint32_t notes_size) {
    static const char names[32] = "\0one\0two\0three\0a longer name";
    Elf64_Ehdr head = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_DYN, .e_machine = EM_X86_64,
                       .e_entry = BH_SLOT_IMAGE + TEXT + 16, .e_phoff = sizeof(head), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = SEGMENTS,
                       .e_shoff = SECTIONS, .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3};
    Elf64_Phdr segments[SEGMENTS] = {segment(PT_LOAD, PF_R, 0, TEXT, TEXT),
                                     segment(PT_LOAD, PF_R | PF_X, TEXT, 16 * FUNCTION_COUNT, 16 * FUNCTION_COUNT),
                                     segment(PT_LOAD, PF_R | PF_W, DATA, DATA_SIZE, draw(2) ? DATA_SIZE : draw(0x4000) + DATA_SIZE),
                                     segment(PT_NOTE, PF_R, NOTES, notes_size, notes_size),
                                     segment(PT_DYNAMIC, PF_R, DYNAMIC, 4 * sizeof(Elf64_Dyn), 4 * sizeof(Elf64_Dyn)),
                                     segment(PT_GNU_EH_FRAME, PF_R, UNWIND, 0x40, 0x40)};
    Elf64_Shdr sections[3] = {{0}, {.sh_type = SHT_SYMTAB, .sh_offset = SYMBOLS, .sh_size = SYMBOL_COUNT * sizeof(Elf64_Sym), .sh_link = 2,
                                    .sh_entsize = sizeof(Elf64_Sym)}, {.sh_type = SHT_STRTAB, .sh_offset = NAMES, .sh_size = sizeof(names)}};
    memcpy(to, &head, sizeof(head));
    memcpy(to + sizeof(head), segments, sizeof(segments));
    memcpy(to + SECTIONS, sections, sizeof(sections));
    memcpy(to + NAMES, names, sizeof(names));
    for (uint32_t i = 0; i < SYMBOL_COUNT; i++) {
        Elf64_Sym symbol = {.st_name = i * 4 + 1, .st_info = STT_FUNC, .st_value = BH_SLOT_IMAGE + TEXT + 16 * i, .st_size = 16};
        memcpy(to + SYMBOLS + i * sizeof(symbol), &symbol, sizeof(symbol));
    }
}

static uint32_t put_note(uint8_t *to, uint32_t at, uint32_t type, const void *body, uint32_t size) {
    uint32_t head[6] = {sizeof(BH_NOTE_NAME), size, type};
    memcpy(&head[3], BH_NOTE_NAME, sizeof(BH_NOTE_NAME));
    memcpy(to + at, head, sizeof(head));
    memcpy(to + at + sizeof(head), body, size);
    return at + (uint32_t)sizeof(head) + size;
}

static uint32_t put_notes(uint8_t *to) {
    static const struct bh_note_interface known[] = {{1, 3, 0x1111111111111111ull, "First"}, {2, 1, 0x2222222222222222ull, "Second"},
                                                     {40, 6, 0x4040404040404040ull, "System"}};
    uint32_t at = NOTES;
    for (unsigned n = draw(4); n; n--)
        at = put_note(to, at, draw(2) ? BH_NOTE_IMPORT : BH_NOTE_EXPORT, &known[draw(3)], sizeof(known[0]));
    static const struct bh_note_ring rings[] = {{0x1234, "WorldRing"}, {0x4321, "WorldRing"}, {0x1234, "OtherRing"}};
    if (draw(2))
        at = put_note(to, at, BH_NOTE_RING, &rings[draw(8) ? 0 : draw(3)], sizeof(rings[0]));
    int32_t place[2] = {(int32_t)(FUNCTIONS - (at + 24)), (int32_t)(FUNCTIONS + 4 * FUNCTION_COUNT - (at + 28))};
    return put_note(to, at, BH_NOTE_FUNCTIONS, place, sizeof(place)) - NOTES;
}

static void put_relocations(uint8_t *to) {
    Elf64_Dyn dynamic[] = {{DT_RELA, {BH_SLOT_IMAGE + RELOCATIONS}}, {DT_RELASZ, {RELOCATION_COUNT * sizeof(Elf64_Rela)}},
                           {DT_RELAENT, {sizeof(Elf64_Rela)}}, {DT_NULL, {0}}};
    memcpy(to + DYNAMIC, dynamic, sizeof(dynamic));
    for (uint32_t i = 0; i < RELOCATION_COUNT; i++) {
        Elf64_Rela one = {BH_SLOT_IMAGE + DATA + 16 * i, R_X86_64_RELATIVE, BH_SLOT_IMAGE + draw(IMAGE_SIZE)};
        memcpy(to + RELOCATIONS + i * sizeof(one), &one, sizeof(one));
        memcpy(to + DATA + 16 * i, &one.r_addend, 8);
    }
}

static void make_image(uint8_t *to) {
    static const uint8_t code[16] = {0x31, 0xc0, 0x40 + 0x08, 0x01, 0xf8, 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90};
    memset(to, 0, IMAGE_SIZE);
    for (uint32_t i = 0; i < DATA_SIZE; i++)
        to[DATA + i] = (uint8_t)rand();
    put_headers(to, put_notes(to));
    uint32_t label = LABEL_thread; // of the second function, the entry, in front of it
    for (uint32_t i = 0; i < FUNCTION_COUNT; i++) {
        uint32_t distance = TEXT + 16 * i - (FUNCTIONS + 4 * i);
        memcpy(to + FUNCTIONS + 4 * i, &distance, 4);
        memcpy(to + TEXT + 16 * i, code, sizeof(code));
    }
    to[TEXT + 11] = 0xb8;
    memcpy(to + TEXT + 12, &label, sizeof(label));
    put_relocations(to);
}

// ---- an archive ------------------------------------------------------------------------------------------------------------------

struct archive {
    struct bh_archive head;
    alignas(16) struct bh_archive_file files[3];
    alignas(16) struct bh_archive_domain domains[3];
    alignas(16) struct bh_archive_port ports[3];
    alignas(16) struct bh_archive_ring rings[1];
    alignas(16) struct bh_archive_buffer buffers[2];
    alignas(16) struct bh_archive_grant grants[5];
    alignas(16) struct bh_archive_option options[1];
};
static_assert(sizeof(struct archive) <= BH_PAGE_SIZE);

#define TABLE(name, number) (struct bh_archive_table){offsetof(struct archive, name), number}

static struct archive describe(uint32_t count) {
    struct archive a = {.head = {.magic = BH_ARCHIVE_MAGIC, .system = "fuzzed", .files = TABLE(files, count), .domains = TABLE(domains, count),
                                 .ports = TABLE(ports, count > 1 ? 3 : 1), .rings = TABLE(rings, count > 1), .buffers = TABLE(buffers, 2),
                                 .grants = TABLE(grants, count > 1 ? 5 : 2), .options = TABLE(options, 1)}};
    static const char *const names[] = {"one", "two", "three"};
    for (uint32_t i = 0; i < count; i++) {
        a.files[i] = (struct bh_archive_file){.offset = BH_PAGE_SIZE + i * 0x3000ull, .size = IMAGE_SIZE};
        strcpy(a.files[i].name, names[i]);
        a.domains[i] = (struct bh_archive_domain){.image = i, .colour = draw(2), .memory_quota = 1u << 20, .cap_quota = 8 + draw(8), .start_order = draw(3)};
        strcpy(a.domains[i].name, names[i]);
    }
    a.ports[0] = (struct bh_archive_port){.name = "system", .server = BH_ARCHIVE_KERNEL, .interface = 40, .argument = "guest"};
    a.ports[1] = (struct bh_archive_port){.name = "first", .server = 1, .interface = 1, .fingerprint = 0x1111111111111111ull};
    a.ports[2] = (struct bh_archive_port){.name = "second", .server = 0, .interface = 2, .fingerprint = 0x2222222222222222ull};
    a.rings[0] = (struct bh_archive_ring){"ring", 0, 1, 1u << (1 + draw(8)), draw(300), draw(300), draw(2) ? 0 : BH_ARCHIVE_KERNEL, 7};
    a.buffers[0] = (struct bh_archive_buffer){.name = "memory", .size = draw(100000) + 1, .file = BH_ARCHIVE_KERNEL};
    a.buffers[1] = (struct bh_archive_buffer){.name = "file", .file = 0};
    a.grants[0] = (struct bh_archive_grant){"system", 0, BH_GRANT_PORT, 0, 1, 0};
    a.grants[1] = (struct bh_archive_grant){"memory", 0, BH_GRANT_BUFFER, draw(2), BH_RIGHT_READ | BH_RIGHT_WRITE, 0};
    a.grants[2] = (struct bh_archive_grant){"first", 0, BH_GRANT_PORT, 1, 1, (uint32_t)draw(2)};
    a.grants[3] = (struct bh_archive_grant){"second", 1, BH_GRANT_PORT, 2, 1, 0};
    a.grants[4] = (struct bh_archive_grant){"ring", 1, BH_GRANT_RING, 0, 1, 0};
    a.options[0] = (struct bh_archive_option){0, "key", "value"};
    return a;
}

size_t make_archive(uint8_t *to, size_t max) {
    uint32_t count = 1 + draw(3);
    size_t size = BH_PAGE_SIZE + count * 0x3000u;
    struct archive a = describe(count);
    if (size > max)
        return 0;
    a.head.size = size;
    memset(to, 0, size);
    memcpy(to, &a, sizeof(a));
    for (uint32_t i = 0; i < count; i++)
        make_image(to + a.files[i].offset);
    return size;
}

// ---- lies --------------------------------------------------------------------------------------------------------------------------

struct field {
    uint32_t at, size;
};

// Of the structures of an ELF file, by size; the archive's are made of words.
static struct field field_of(uint32_t start, const char *sizes, uint32_t count) {
    uint32_t whole = 0, which = draw((unsigned)strlen(sizes));
    for (const char *s = sizes; *s; s++)
        whole += (uint32_t)(*s - '0');
    struct field field = {start + draw(count) * whole, (uint32_t)(sizes[which] - '0')};
    for (uint32_t i = 0; i < which; i++)
        field.at += (uint32_t)(sizes[i] - '0');
    return field;
}

static struct field field_of_image(void) {
    switch (draw(10)) {
    case 0: return field_of(16, "22488842222222", 1);
    case 1: case 2: case 3: return field_of(sizeof(Elf64_Ehdr), "44888888", SEGMENTS);
    case 4: return field_of(NOTES, "444444", 8);
    case 5: return field_of(FUNCTIONS, "4", FUNCTION_COUNT);
    case 6: return field_of(RELOCATIONS, "888", RELOCATION_COUNT);
    case 7: return field_of(DYNAMIC, "88", 4);
    case 8: return field_of(SECTIONS, "4488884488", 3);
    default: return draw(2) ? field_of(SYMBOLS, "411288", SYMBOL_COUNT) : field_of(TEXT, "1", 16 * FUNCTION_COUNT);
    }
}

static uint64_t lie_about(uint64_t truth) {
    static const uint64_t corners[] = {0, 1, 2, 7, 8, 12, 24, 31, 32, 0xff, 0xfff, 0x1000, 0x1001, 0x10000, 0x1ffff, 0x20000, 0x20001, 0x21000, 0x22000,
                                       0x23000, 0x7fff, 0x8000, 0xffff, 0xfffff000, 0x0fffffff, 0x10000000, 0x7fffffff, 0x80000000, 0xffffffff,
                                       0x100000000, 0x100021000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffe0,
                                       0xffffffffffffffff, BH_SLOT_AREA, 0xffffffff80000000};
    switch (draw(6)) {
    case 0: return truth + 1 + draw(16);
    case 1: return truth - 1 - draw(16);
    case 2: return truth ^ 1ull << draw(64);
    case 3: return truth + (draw(2) ? 0x1000 : (uint64_t)-0x1000);
    default: return corners[draw(sizeof(corners) / sizeof(*corners))];
    }
}

void tell_a_lie(uint8_t *archive, size_t size) {
    uint64_t truth = 0, base = 0;
    struct field field = {4 * draw(sizeof(struct archive) / 4), draw(2) ? 4 : 8};
    if (draw(5)) {
        base = BH_PAGE_SIZE + draw(3) * 0x3000ull;
        field = field_of_image();
    }
    if (base + field.at + field.size > size)
        return;
    memcpy(&truth, archive + base + field.at, field.size);
    truth = lie_about(truth);
    memcpy(archive + base + field.at, &truth, field.size);
}
