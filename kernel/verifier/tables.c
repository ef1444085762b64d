// SPDX-License-Identifier: MIT
//
// Jump tables: one fixed sequence, which is entered at its start only, and a table that nobody can write.
//     movl %I, %D ; cmpl $ENTRIES, %D ; jae L ; leaq TABLE(%rip), %B ; movslq (%B,%D,4), %D ; addq %B, %D ; jmp *%D
// Each entry is a distance from the table. Where it leads is looked at like the target of a direct branch (depth.c).
#include <string.h>

#include "kernel/verifier/internal.h"

enum { STACK = 4 }; // number of the register that is none of I, D and B

// Bytes of `movl %I, %D`; 0: it does not stand here.
static size_t move_at(const uint8_t *b, int *d) {
    uint8_t rex = (b[0] & 0xf0) == 0x40 ? b[0] : 0;
    size_t size = rex ? 3 : 2;
    *d = truncated_register(b, size);
    unsigned one = (b[size - 1] & 7u) | (rex & 1u) << 3, other = (b[size - 1] >> 3 & 7u) | (rex & 4u) << 1;
    return *d < 0 || one == STACK || other == STACK ? 0 : size;
}

// Bytes of `cmpl $count, %D`; 0: it does not stand here.
static size_t compare_at(const uint8_t *b, unsigned d, uint32_t *count) {
    size_t rex = d >= 8;
    if (rex && b[0] != 0x41)
        return 0;
    b += rex;
    if (b[0] == 0x83 && b[1] == (0xf8 | (d & 7)) && b[2] < 0x80) {
        *count = b[2];
        return rex + 3;
    }
    if (b[0] == 0x81 && b[1] == (0xf8 | (d & 7))) {
        memcpy(count, b + 2, sizeof(*count));
        return rex + 6;
    }
    if (!d && b[0] == 0x3d) { // %eax has a shorter form
        memcpy(count, b + 1, sizeof(*count));
        return 5;
    }
    return 0;
}

// movslq (%B,%D,4), %D ; addq %B, %D ; jmp *%D
static size_t jump_at(const uint8_t *b, unsigned base, unsigned d) {
    uint8_t want[12];
    size_t size = 0;
    bool displaced = (base & 7) == 5; // such a base has no form without a displacement
    want[size++] = (uint8_t)(0x48 | (d >> 3) << 2 | (d >> 3) << 1 | base >> 3);
    want[size++] = 0x63;
    want[size++] = (uint8_t)((displaced ? 0x44 : 0x04) | (d & 7) << 3);
    want[size++] = (uint8_t)(0x80 | (d & 7) << 3 | (base & 7));
    if (displaced)
        want[size++] = 0;
    want[size++] = (uint8_t)(0x48 | (base >> 3) << 2 | d >> 3);
    want[size++] = 0x01;
    want[size++] = (uint8_t)(0xc0 | (base & 7) << 3 | (d & 7));
    if (d >= 8)
        want[size++] = 0x41;
    want[size++] = 0xff;
    want[size++] = (uint8_t)(0xe0 | (d & 7));
    return memcmp(b, want, size) ? 0 : size;
}

uint32_t table_jump_at(const struct verification *v, uint32_t offset, struct table_jump *jump) {
    enum { LONGEST = 3 + 7 + 6 + 7 + 12 };
    const uint8_t *start = v->text + (offset - v->text_start), *b = start;
    uint8_t padded[LONGEST] = {0};
    size_t left = v->text_end - offset;
    if (left < LONGEST)
        b = start = memcpy(padded, start, left); // no sequence ends in zeros
    int d;
    size_t size = move_at(b, &d);
    if (!size)
        return 0;
    b += size;
    size = compare_at(b, (unsigned)d, &jump->entries);
    if (!size)
        return 0;
    b += size;
    if (b[0] != 0x73 && !(b[0] == 0x0f && b[1] == 0x83)) // jae; its target is the branch's own business
        return 0;
    b += b[0] == 0x73 ? 2 : 6;
    unsigned base = (b[2] >> 3 & 7u) | (b[0] & 4u) << 1;
    if ((b[0] & 0xfb) != 0x48 || b[1] != 0x8d || (b[2] & 0xc7) != 0x05 || base == STACK || base == (unsigned)d)
        return 0;
    int32_t distance;
    memcpy(&distance, b + 3, sizeof(distance));
    b += 7;
    jump->table = (int64_t)offset + (b - start) + distance;
    size = jump_at(b, base, (unsigned)d);
    b += size;
    return size ? (uint32_t)(b - start) : 0;
}

// True also where no segment is, in front of the slot, too.
static bool is_writable(const struct verified_image *image, int64_t place) {
    for (uint32_t i = 0; i < image->segment_count; i++) {
        const struct verified_segment *segment = &image->segments[i];
        if (place >= segment->start && place < (int64_t)segment->start + segment->memory_size)
            return segment->protection & VERIFY_WRITE;
    }
    return true;
}

// Looking at a table's entries takes time for each jump through it, so all together may not be more than the image has bytes.
enum bh_error table_check(struct verification *v, uint32_t offset, const struct table_jump *jump) {
    uint64_t size = (uint64_t)jump->entries * sizeof(int32_t);
    if (v->image->hardened)
        return refuse_code(v, RULE_HARDENED, offset, "a jump through a table");
    if (is_writable(v->image, jump->table) || !verified_bytes(v->image, (uint64_t)jump->table, size))
        return refuse_code(v, RULE_JUMP_TABLE, offset, "%u entries at 0x%llx are not all in read-only memory of the image", jump->entries,
                           (unsigned long long)jump->table);
    v->table_entries += jump->entries;
    if (v->table_entries > v->size)
        return refuse_code(v, RULE_JUMP_TABLE, offset, "all tables have %llu entries, at most %zu may be in an image of this size",
                           (unsigned long long)v->table_entries, v->size);
    return BH_OK;
}

uint32_t table_target(const struct verification *v, uint32_t table, uint32_t entry) {
    int32_t distance;
    memcpy(&distance, verified_bytes(v->image, table + 4ull * entry, sizeof(distance)), sizeof(distance));
    int64_t target = (int64_t)table + distance;
    return target >= v->text_start && target < v->text_end ? (uint32_t)target : 0;
}
