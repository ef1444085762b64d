// SPDX-License-Identifier: MIT
//
// The plain form of .eh_frame (System V ABI, AMD64 supplement, 4.2.4; DWARF 5, 6.4): a common entry "zR" with 4-byte pointers relative to
// themselves, code unit 1, return address in column 16; a frame entry of bounded length; programs of a dozen operations. Each is checked
// whole, also what libunwind would not come to.
#include "kernel/debug/cfi.h"

#include <string.h>

#include "kernel/base.h"

#define HEADER_SIZE 12
#define HEADER_FORM 0x3b031b01u // version 1; pcrel|sdata4, udata4, datarel|sdata4
#define POINTER_FORM 0x1b       // pcrel|sdata4
#define RETURN_COLUMN 16
#define STACK_COLUMN 7          // %rsp
#define DESCRIPTION_MAX 4096    // bytes of one common or frame entry; the longest seen have some hundreds
#define REMEMBERED_MAX 8
#define FRAME_MAX (64u << 10)   // from %rsp to the frame address: a control stack has no more

enum operation { // DW_CFA_...
    NOP = 0x00, ADVANCE_1 = 0x02, ADVANCE_2 = 0x03, ADVANCE_4 = 0x04, UNDEFINED = 0x07, SAME_VALUE = 0x08, REMEMBER = 0x0a, RESTORE = 0x0b,
    DEF_CFA = 0x0c, DEF_CFA_OFFSET = 0x0e, ARGS_SIZE = 0x2e, ADVANCE = 0x40, OFFSET = 0x80, RESTORE_REGISTER = 0xc0, // these three hold an operand
};

// A piece of the image that is read once, from the front.
struct reader {
    const uint8_t *at, *end;
    bool bad;
};

static uint64_t take(struct reader *r, size_t size) {
    uint64_t value = 0;
    if ((size_t)(r->end - r->at) < size) {
        r->bad = true;
        return 0;
    }
    memcpy(&value, r->at, size);
    r->at += size;
    return value;
}

// At most four bytes, 28 bits: more than any number that has a meaning here.
static uint32_t take_leb(struct reader *r) {
    uint32_t value = 0;
    for (int shift = 0; shift < 28; shift += 7) {
        uint32_t byte = (uint32_t)take(r, 1);
        value |= (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    r->bad = true;
    return 0;
}

// ---- programs -----------------------------------------------------------------------------------------------------------

struct program {
    bool common;       // of the common entry: it says where the frame starts
    bool frame_known;
    int remembered;
};

static bool is_saved_column(uint32_t column) {
    return column <= RETURN_COLUMN && column != STACK_COLUMN;
}

static bool is_frame_offset(uint32_t offset) {
    return offset >= 8 && offset <= FRAME_MAX;
}

// Operations that belong to a place in the code, as a common entry has none.
static bool frame_operation_is_plain(struct program *p, struct reader *r, uint8_t operation) {
    if (p->common)
        return false;
    switch (operation) {
    case ADVANCE_1:
    case ADVANCE_2:
    case ADVANCE_4:
        take(r, 1u << (operation - ADVANCE_1));
        return true;
    case REMEMBER:
        return ++p->remembered <= REMEMBERED_MAX;
    case RESTORE:
        return p->remembered-- > 0;
    default:
        return false;
    }
}

static bool operation_is_plain(struct program *p, struct reader *r, uint8_t operation) {
    switch (operation) {
    case NOP:
        return true;
    case DEF_CFA:
        p->frame_known = true;
        return take_leb(r) == STACK_COLUMN && is_frame_offset(take_leb(r));
    case DEF_CFA_OFFSET:
        return is_frame_offset(take_leb(r));
    case UNDEFINED:
    case SAME_VALUE:
        return is_saved_column(take_leb(r));
    case ARGS_SIZE:
        take_leb(r);
        return true;
    default:
        return frame_operation_is_plain(p, r, operation);
    }
}

static bool program_is_plain(struct program *p, struct reader *r) {
    while (r->at < r->end) {
        uint8_t operation = (uint8_t)take(r, 1), operand = operation & 0x3f;
        bool plain;
        switch (operation & 0xc0) {
        case ADVANCE:
            plain = !p->common;
            break;
        case OFFSET:
            plain = is_saved_column(operand) && take_leb(r) <= FRAME_MAX / 8;
            break;
        case RESTORE_REGISTER:
            plain = is_saved_column(operand) && !p->common;
            break;
        default:
            plain = operation_is_plain(p, r, operation);
        }
        if (!plain || r->bad)
            return false;
    }
    return p->frame_known;
}

// ---- entries ------------------------------------------------------------------------------------------------------------

// The entry at slot offset `offset`, behind its length.
static bool open_entry(const struct verified_image *image, uint64_t offset, struct reader *r) {
    uint32_t length;
    const uint8_t *head = verified_bytes(image, offset, sizeof(length));
    if (!head)
        return false;
    memcpy(&length, head, sizeof(length));
    const uint8_t *body = length >= 4 && length <= DESCRIPTION_MAX ? verified_bytes(image, offset + sizeof(length), length) : NULL;
    *r = (struct reader){body, body ? body + length : NULL, false};
    return body != NULL;
}

static bool common_is_plain(const struct verified_image *image, uint64_t offset) {
    struct program program = {.common = true};
    struct reader r;
    if (!open_entry(image, offset, &r))
        return false;
    bool plain = take(&r, 4) == 0;                                      // it is a common entry
    plain &= take(&r, 1) == 1 && take(&r, 3) == ('z' | 'R' << 8);       // version, augmentation
    plain &= take_leb(&r) == 1;                                         // code unit
    plain &= take_leb(&r) == 0x78;                                      // data unit, -8 in one byte
    plain &= take(&r, 1) == RETURN_COLUMN;
    plain &= take_leb(&r) == 1 && take(&r, 1) == POINTER_FORM;          // what "R" stands for
    return plain && !r.bad && program_is_plain(&program, &r);
}

// Does the frame entry describe `offset`, and in plain form?
static bool frame_is_plain(const struct verified_image *image, uint64_t frame, uint64_t offset) {
    struct program program = {.frame_known = true};
    struct reader r;
    if (!open_entry(image, frame, &r))
        return false;
    uint64_t common = frame + 4 - take(&r, 4);
    int32_t distance = (int32_t)take(&r, 4);
    uint64_t start = frame + 8 + (uint64_t)(int64_t)distance;
    uint64_t size = take(&r, 4);
    if (r.bad || !distance || size > INT32_MAX || offset < start || offset - start >= size)
        return false;
    uint32_t extra = take_leb(&r);
    if (r.bad || extra > (size_t)(r.end - r.at) || !common_is_plain(image, common))
        return false;
    r.at += extra;
    return program_is_plain(&program, &r);
}

struct line { // of the search table, both relative to the header
    int32_t start, frame;
};
static_assert(sizeof(struct line) == CFI_ENTRY_SIZE);

bool cfi_find(const struct verified_image *image, uint64_t offset, uint64_t *entry) {
    uint64_t header = image->eh_frame_header;
    const uint8_t *bytes = header ? verified_bytes(image, header, image->eh_frame_header_size) : NULL;
    uint32_t form, count;
    struct line line = {0};
    if (!bytes || image->eh_frame_header_size < HEADER_SIZE)
        return false;
    memcpy(&form, bytes, sizeof(form));
    memcpy(&count, bytes + 8, sizeof(count));
    if (form != HEADER_FORM || count > (image->eh_frame_header_size - HEADER_SIZE) / CFI_ENTRY_SIZE)
        return false;
    uint32_t low = 0, high = count; // the last line that does not start above `offset` is below `high`
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        memcpy(&line, bytes + HEADER_SIZE + middle * CFI_ENTRY_SIZE, sizeof(line));
        if ((int64_t)offset - (int64_t)header < line.start)
            high = middle;
        else
            low = middle + 1;
    }
    if (!low)
        return false;
    memcpy(&line, bytes + HEADER_SIZE + (low - 1) * CFI_ENTRY_SIZE, sizeof(line));
    *entry = header + HEADER_SIZE + (low - 1) * CFI_ENTRY_SIZE;
    return frame_is_plain(image, header + (uint64_t)(int64_t)line.frame, offset);
}

bool cfi_word(const struct verified_image *image, uint64_t offset, uint64_t *word) {
    const uint8_t *whole = verified_bytes(image, offset, sizeof(*word));
    if (whole) {
        memcpy(word, whole, sizeof(*word));
        return true;
    }
    uint8_t bytes[sizeof(*word)] = {0};
    bool any = false;
    for (uint64_t i = 0; i < sizeof(bytes); i++) {
        const uint8_t *one = verified_bytes(image, offset + i, 1);
        bytes[i] = one ? *one : 0;
        any |= one != NULL;
    }
    memcpy(word, bytes, sizeof(bytes));
    return any;
}
