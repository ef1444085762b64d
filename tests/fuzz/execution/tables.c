// SPDX-License-Identifier: MIT
//
// Changes of jump tables: where an entry leads, how many there are, where the table is. Tables are found by the `leaq TABLE(%rip), %B' of
// the jumps through them.
#include <string.h>

#include "tests/fuzz/execution/mutate.h"
#include "tests/verifier/containment/generate.h"

enum { LEA_SIZE = 7, ENTRIES_MAX = 16 };

static bool is_lea(const uint8_t *b) {
    return (b[0] & 0xfb) == 0x48 && b[1] == 0x8d && (b[2] & 0xc7) == 0x05;
}

// A fetch of an image's address, which is mostly a table's; its distance in the text, or SIZE_MAX.
static size_t find_lea(const uint8_t *text, size_t size) {
    size_t start = random_below((uint32_t)size);
    for (size_t i = 0; i < size; i++) {
        size_t at = (start + i) % size;
        if (at + LEA_SIZE <= size && is_lea(text + at))
            return at;
    }
    return SIZE_MAX;
}

// A place in the text, mostly the start of an instruction that is not far.
static size_t place_near(const uint8_t *text, size_t size, size_t from) {
    size_t at = from - (from < 64 ? from : random_below(64));
    for (uint32_t steps = random_below(24); steps > 0 && at < size; steps--) {
        size_t one = instruction_size(text + at, size - at);
        at += one ? one : 1;
    }
    return at + (random_below(16) ? 0 : 1);
}

static void change_entry(uint8_t *data, size_t size, const struct parts *p, size_t lea) {
    int32_t distance;
    uint8_t *text = data + p->text;
    memcpy(&distance, text + lea + 3, sizeof(distance));
    uint64_t table = p->text_address + lea + LEA_SIZE + (uint64_t)(int64_t)distance;
    size_t entry = parts_offset(data, size, p, table + 4 * random_below(ENTRIES_MAX), sizeof(distance));
    if (entry == SIZE_MAX || !p->text_size)
        return;
    distance = (int32_t)(p->text_address + place_near(text, p->text_size, lea) - table);
    memcpy(data + entry, &distance, sizeof(distance));
}

static void change_place(uint8_t *text, size_t lea) {
    static const int32_t steps[] = {4, -4, 8, -8, 1, -1, 0x1000, -0x1000};
    int32_t distance;
    memcpy(&distance, text + lea + 3, sizeof(distance));
    distance += steps[random_below(8)];
    memcpy(text + lea + 3, &distance, sizeof(distance));
}

bool mutate_table(uint8_t *data, size_t size, const struct parts *p) {
    uint8_t *text = data + p->text;
    size_t lea = find_lea(text, p->text_size);
    if (lea == SIZE_MAX)
        return false;
    switch (random_below(4)) {
    case 0:
        change_place(text, lea);
        break;
    case 1:
        if (lea > 0) // the last byte of the mask
            text[lea - 1] = (uint8_t)random_below(ENTRIES_MAX);
        break;
    default:
        change_entry(data, size, p, lea);
    }
    return true;
}
