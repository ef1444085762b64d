// SPDX-License-Identifier: MIT
//
// Jump tables: one fixed sequence, which is entered at its start only, and a table that nobody can write.
//     andl $LAST, %D ; leaq TABLE(%rip), %B ; movslq (%B,%D,4), %D ; addq %B, %D ; jmp *%D
// Each of LAST + 1 entries is a distance from the table. Where it leads is looked at like the target of a direct branch (depth.c).
#include <string.h>

#include "kernel/verifier/internal.h"

enum { STACK = 4 }; // number of the register that is none of D and B

// Bytes of `andl $last, %D`; 0: it does not stand here.
static size_t and_at(const uint8_t *b, unsigned *d, uint32_t *last) {
    size_t rex = b[0] == 0x41;
    b += rex;
    if (!rex && b[0] == 0x25) { // %eax has a shorter form
        *d = 0;
        memcpy(last, b + 1, sizeof(*last));
        return 5;
    }
    *d = (b[1] & 7u) | (unsigned)rex << 3;
    if ((b[1] & 0xf8) != 0xe0 || *d == STACK)
        return 0;
    if (b[0] == 0x83 && b[2] < 0x80) {
        *last = b[2];
        return rex + 3;
    }
    memcpy(last, b + 2, sizeof(*last));
    return b[0] == 0x81 ? rex + 6 : 0;
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
    enum { LONGEST = 7 + 7 + 12 };
    const uint8_t *start = v->text + (offset - v->text_start), *b = start;
    uint8_t padded[LONGEST] = {0};
    size_t left = v->text_end - offset;
    unsigned d;
    uint32_t last;
    if (left < LONGEST)
        b = start = memcpy(padded, start, left); // no sequence ends in zeros
    size_t size = and_at(b, &d, &last);
    b += size;
    unsigned base = (b[2] >> 3 & 7u) | (b[0] & 4u) << 1;
    if (!size || (b[0] & 0xfb) != 0x48 || b[1] != 0x8d || (b[2] & 0xc7) != 0x05 || base == STACK || base == d)
        return 0;
    int32_t distance;
    memcpy(&distance, b + 3, sizeof(distance));
    b += 7;
    jump->table = (int64_t)offset + (b - start) + distance;
    jump->entries = last + 1ull;
    size = jump_at(b, base, d);
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
    uint64_t size = jump->entries * sizeof(int32_t);
    if (v->image->hardened)
        return refuse_code(v, RULE_HARDENED, offset, "a jump through a table");
    if (is_writable(v->image, jump->table) || !verified_bytes(v->image, (uint64_t)jump->table, size))
        return refuse_code(v, RULE_JUMP_TABLE, offset, "%llu entries at 0x%llx are not all in read-only memory of the image",
                           (unsigned long long)jump->entries, (unsigned long long)jump->table);
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
