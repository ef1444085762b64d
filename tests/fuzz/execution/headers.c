// SPDX-License-Identifier: MIT
//
// Changes of what stands around the text: fields of headers by likely amounts or to likely values, function table, notes, relocations.
#include <elf.h>
#include <string.h>

#include "tests/fuzz/execution/mutate.h"
#include "tests/verifier/containment/generate.h"

static uint64_t likely_value(void) {
    static const uint64_t values[] = {0, 1, 8, 0x10, 0xfff, 0x1000, 0x10000, 0x12000, 0x20000, 0x21000, 0x22000, 0x80000000, 0xffffffff, 0xffff0000,
                                      0x100000000, 0x7fffffffffffffff, 0xfffffffffffff000, 0xffffffffffffffff, BH_SLOT_IMAGE_END, BH_SLOT_HEAP};
    return values[random_below(sizeof(values) / sizeof(*values))];
}

static uint64_t likely_change(uint64_t value) {
    static const int64_t steps[] = {1, -1, 4, -4, 8, -8, 16, -16, 0x1000, -0x1000};
    return random_below(3) ? value + (uint64_t)steps[random_below(10)] : likely_value();
}

static void change_64(uint8_t *at) {
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    value = likely_change(value);
    memcpy(at, &value, sizeof(value));
}

static void change_32(uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    value = (uint32_t)likely_change(value);
    memcpy(at, &value, sizeof(value));
}

static void change_program_header(uint8_t *data, const struct parts *p) {
    uint8_t *one = data + p->headers + random_below((uint32_t)p->header_count) * sizeof(Elf64_Phdr);
    const uint8_t *other = data + p->headers + random_below((uint32_t)p->header_count) * sizeof(Elf64_Phdr);
    uint32_t field = random_below(8);
    switch (random_below(8)) {
    case 0: one[4] = (uint8_t)random_below(8); break;
    case 1: change_32(one); break;
    case 2: memcpy(one + 8 * field, other + 8 * field, 8); break;
    default: change_64(one + 8 * field);
    }
}

static void change_function(uint8_t *data, const struct parts *p) {
    uint8_t *one = data + p->table + 4 * random_below((uint32_t)p->table_count);
    const uint8_t *other = data + p->table + 4 * random_below((uint32_t)p->table_count);
    int32_t distance;
    memcpy(&distance, random_below(4) ? one : other, 4);
    distance += random_below(4) ? 16 * ((int32_t)random_below(9) - 4) : (int32_t)random_below(5) - 2;
    memcpy(one, &distance, 4);
}

// A relocation elsewhere, mostly with the addend that the verifier wants.
static void change_relocation(uint8_t *data, size_t size, const struct parts *p) {
    uint8_t *at = data + p->relocations + random_below((uint32_t)p->relocation_count) * sizeof(Elf64_Rela);
    Elf64_Rela one;
    memcpy(&one, at, sizeof(one));
    if (random_below(8) == 0)
        one.r_info = likely_change(one.r_info);
    else
        one.r_offset = likely_change(one.r_offset);
    size_t word = parts_offset(data, size, p, one.r_offset, 8);
    if (random_below(4) && word != SIZE_MAX)
        memcpy(&one.r_addend, data + word, 8);
    memcpy(at, &one, sizeof(one));
}

// Another entry of the dynamic section; now and then a relocation table made of whatever stands in the data.
static void change_dynamic(uint8_t *data, const struct parts *p) {
    uint8_t *one = data + p->dynamic + random_below((uint32_t)p->dynamic_count) * sizeof(Elf64_Dyn);
    static const uint64_t tags[] = {DT_NULL, DT_RELA, DT_RELASZ, DT_RELAENT, DT_NEEDED, DT_TEXTREL, DT_REL, DT_JMPREL, DT_INIT};
    uint64_t tag = tags[random_below(9)];
    if (random_below(2))
        change_64(one + 8);
    else
        memcpy(one, &tag, 8);
}

void mutate_headers(uint8_t *data, size_t size, const struct parts *p) {
    switch (random_below(8)) {
    case 0:
        if (p->table_count)
            change_function(data, p);
        break;
    case 1:
        if (p->relocation_count)
            change_relocation(data, size, p);
        break;
    case 2:
        if (p->dynamic_count)
            change_dynamic(data, p);
        break;
    case 3:
        if (p->notes_size >= 4)
            change_32(data + p->notes + (random_below((uint32_t)p->notes_size - 3) & ~3u));
        break;
    case 4: // entry point
        change_64(data + 24);
        break;
    default:
        if (p->header_count)
            change_program_header(data, p);
    }
}
