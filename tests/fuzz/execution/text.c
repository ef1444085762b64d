// SPDX-License-Identifier: MIT
//
// Changes of the text, by instructions: replaced, moved, doubled, left out, slightly changed; checked sequences put in or damaged; branches
// sent elsewhere. Room for what is put in comes from the padding behind a function, or from its last instructions.
#include <string.h>

#include "tests/fuzz/execution/mutate.h"
#include "tests/verifier/containment/generate.h"

static uint32_t list[INSTRUCTIONS_MAX + 1]; // where instructions start in the text; one more for the end
static uint32_t count;
static struct pool pool;
static struct builder piece;

static void find_instructions(const uint8_t *text, size_t size) {
    count = 0;
    for (size_t at = 0; at < size && count < INSTRUCTIONS_MAX;) {
        size_t one = instruction_size(text + at, size - at);
        list[count++] = (uint32_t)at;
        at += one ? one : 1;
        list[count] = (uint32_t)(at < size ? at : size);
    }
}

static void fill_pool(void) {
    struct candidate c;
    while (pool.count < 4000)
        if (candidate_random(&c))
            pool_add(&pool, &c);
}

// A run of bytes over the text from `at`, but not past its end.
static void put(uint8_t *text, size_t size, size_t at, const void *bytes, size_t length) {
    if (at < size)
        memcpy(text + at, bytes, length < size - at ? length : size - at);
}

// Move what follows up, as far as the next 16 bytes of padding, so that later functions stay where they are.
static void insert(uint8_t *text, size_t size, size_t at, const void *bytes, size_t length) {
    size_t end = at;
    while (end < size && !(end % 16 == 0 && end > at && (text[end - 1] == 0x90 || text[end - 1] == 0xcc)))
        end++;
    if (end - at < length)
        return put(text, size, at, bytes, length);
    memmove(text + at + length, text + at, end - at - length);
    memcpy(text + at, bytes, length);
}

static void make_piece(void) {
    builder_reset(&piece);
    piece_random(&piece, &pool);
}

// Room of one instruction filled with another; no-ops behind it.
static void replace(uint8_t *text, size_t size, uint32_t i) {
    struct candidate c;
    size_t room = list[i + 1] - list[i];
    if (!candidate_random(&c))
        return;
    if (c.size <= room)
        memset(text + list[i], 0x90, room);
    put(text, size, list[i], c.bytes, c.size);
}

// One bit, or one byte, or a small change: of an opcode, ModRM, displacement or immediate.
static void disturb(uint8_t *text, uint32_t i) {
    static const uint8_t likely[] = {0, 1, 4, 8, 16, 64, 0x7f, 0x80, 0xc0, 0xf8, 0xfc, 0xff, 0x24, 0x25, 0x90, 0xc3};
    uint8_t *at = text + list[i] + random_below(list[i + 1] - list[i]);
    switch (random_below(4)) {
    case 0: *at ^= (uint8_t)(1u << random_below(8)); break;
    case 1: *at = likely[random_below(sizeof(likely))]; break;
    case 2: *at = (uint8_t)(*at + (random_below(2) ? 1 : -1) * (1 << random_below(4))); break;
    default: *at = (uint8_t)random_word();
    }
}

static void change_prefix(uint8_t *text, size_t size, uint32_t i) {
    static const uint8_t prefixes[] = {0x66, 0x67, 0x64, 0x65, 0xf0, 0xf2, 0xf3, 0x2e, 0x3e, 0x40, 0x41, 0x44, 0x48, 0x4c, 0x4d};
    uint8_t one = prefixes[random_below(sizeof(prefixes))];
    if (random_below(3))
        insert(text, size, list[i], &one, 1);
    else
        text[list[i]] = one;
}

static void retarget(uint8_t *text, uint32_t i) {
    uint8_t *b = text + list[i];
    uint32_t size = list[i + 1] - list[i];
    int32_t distance = (int32_t)list[random_below(count)] - (int32_t)list[i + 1] + (random_below(8) ? 0 : 1);
    if (size == 2 && ((b[0] & 0xf0) == 0x70 || b[0] == 0xeb))
        b[1] = (uint8_t)distance;
    else if (size >= 5 && ((b[0] & 0xfe) == 0xe8 || b[0] == 0x0f))
        memcpy(b + size - 4, &distance, 4);
    else
        b[0] = 0xeb;
}

// Instructions [from, from + some) over, or in front of, those at `to`.
static void copy(uint8_t *text, size_t size, uint32_t from, uint32_t to) {
    uint8_t bytes[256];
    uint32_t end = from + 1 + random_below(4);
    end = end < count ? end : count;
    size_t length = list[end] - list[from];
    if (length > sizeof(bytes))
        return;
    memcpy(bytes, text + list[from], length);
    if (random_below(2))
        put(text, size, list[to], bytes, length);
    else
        insert(text, size, list[to], bytes, length);
}

static void leave_out(uint8_t *text, uint32_t i) {
    memset(text + list[i], 0x90, list[i + 1] - list[i]);
}

static void swap(uint8_t *text, uint32_t i) {
    uint8_t bytes[64];
    if (i + 1 >= count)
        return;
    size_t first = list[i + 1] - list[i], second = list[i + 2] - list[i + 1];
    if (first + second > sizeof(bytes))
        return;
    memcpy(bytes, text + list[i + 1], second);
    memcpy(bytes + second, text + list[i], first);
    memcpy(text + list[i], bytes, first + second);
}

void mutate_text(uint8_t *data, const struct parts *p) {
    uint8_t *text = data + p->text;
    size_t size = p->text_size;
    if (!pool.count)
        fill_pool();
    find_instructions(text, size);
    uint32_t i = random_below(count);
    switch (random_below(12)) {
    case 0: replace(text, size, i); break;
    case 1: change_prefix(text, size, i); break;
    case 2: retarget(text, i); break;
    case 3: copy(text, size, i, random_below(count)); break;
    case 4: leave_out(text, i); break;
    case 5: swap(text, i); break;
    case 6: make_piece(), put(text, size, list[i], piece.text, piece.text_size); break;
    case 7:
    case 8: make_piece(), insert(text, size, list[i], piece.text, piece.text_size); break;
    default: disturb(text, i);
    }
}

void splice_text(uint8_t *data, const struct parts *p, const uint8_t *other, const struct parts *q) {
    find_instructions(other + q->text, q->text_size);
    uint32_t from = random_below(count), end = from + 1 + random_below(12);
    size_t start = list[from], length = list[end < count ? end : count] - start;
    find_instructions(data + p->text, p->text_size);
    size_t to = list[random_below(count)];
    if (random_below(2))
        put(data + p->text, p->text_size, to, other + q->text + start, length);
    else
        insert(data + p->text, p->text_size, to, other + q->text + start, length);
}
