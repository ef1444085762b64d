// SPDX-License-Identifier: MIT
//
// Fuzz target: the backtrace of a dead domain. Its unwind tables and its control stack are anything at all, the code under test is what the
// kernel runs at each crash (kernel/debug, and libunwind below it). It must end after a bounded number of reads, read nothing but the image
// and the thread's own control stack, not crash, and not keep memory.
//
//   input: start | control stack words | image bytes, among them .eh_frame_hdr and .eh_frame
//
// With the highest bit of start.rip the domain is a plain one, whose frame pointers are followed instead, through a slot that holds the image and nothing else.
//
// The mutator writes tables that are right in form, so that the rest is reached, and then spoils them here and there.
//
//   make fuzz TARGET=unwind
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/asan_interface.h>

#include "kernel/arch/x86_64/switch.h"
#include "kernel/base.h"
#include "kernel/debug/backtrace.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/domain/loader.h"
#include "kernel/mm/space.h"
#include "kernel/sched/thread.h"

#define IMAGE_MAX 4096u
#define STACK_WORDS 64u
#define FUNCTION_SIZE 64u
#define PLAIN (1u << 31)

struct start {
    uint32_t rip;    // slot offset, and PLAIN
    uint32_t header; // of .eh_frame_hdr in the image
    uint32_t header_size;
    uint32_t resume; // slot offset to which the record returns
    uint64_t stack[STACK_WORDS];
};

struct domain kernel_domain = {.name = "kernel"};
static struct thread *thread;
static struct loaded_image image;
static uint8_t slot_page[IMAGE_MAX]; // of the slot: the only one
static_assert(IMAGE_MAX == BH_PAGE_SIZE);
static const struct mechanism *const plain_mechanism = (const void *)slot_page; // nobody looks inside
static struct domain domain = {.id = 3, .base = BH_SLOT_AREA + 3 * BH_SLOT_SIZE, .name = "fuzzed", .image = &image};

static void require(bool holds) {
    if (!holds)
        abort();
}

// ---- what the kernel would provide -------------------------------------------------------------------------------------

uint64_t call_on_stack(void *top, uint64_t (*function)(void *argument), void *argument) {
    (void)top;
    return function(argument);
}

void copy_name(char *to, size_t capacity, const char *from) {
    size_t size = strnlen(from, capacity - 1);
    memcpy(to, from, size);
    memset(to + size, 0, capacity - size);
}

enum bh_error space_lookup(uint64_t va, hpa *frame) {
    require(va - domain.base < BH_SLOT_SIZE && va % BH_PAGE_SIZE == 0);
    *frame = 0;
    return va - domain.base == BH_SLOT_IMAGE ? BH_OK : BH_ENOENT;
}

void *platform_direct(hpa frame) {
    return slot_page + frame;
}

void make_printable(char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        text[i] = text[i] < ' ' ? '.' : text[i];
}

// ---- the walk -----------------------------------------------------------------------------------------------------------

static struct verified_symbol symbols[] = {{BH_SLOT_IMAGE, 64, "first"}, {BH_SLOT_IMAGE + 256, 64, "second"}};

static void place_image(const uint8_t *bytes, size_t size, const struct start *start) {
    image.verified = (struct verified_image){.bytes = bytes, .size = size, .segment_count = 1, .symbols = symbols, .symbol_count = 2,
                                             .text_start = BH_SLOT_IMAGE, .text_end = BH_SLOT_IMAGE + (uint32_t)size,
                                             .end = BH_SLOT_IMAGE + (uint32_t)size};
    image.verified.segments[0] = (struct verified_segment){0, size, BH_SLOT_IMAGE, (uint32_t)size, VERIFY_READ};
    // What elf_parse() promises: the header's segment is whole inside the file.
    if (range_inside(start->header, start->header_size, size) && start->header_size >= 12) {
        image.verified.eh_frame_header = BH_SLOT_IMAGE + start->header;
        image.verified.eh_frame_header_size = start->header_size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct start start;
    struct bh_frame_info frames[BH_BACKTRACE_MAX];
    if (size < sizeof(start) || size > sizeof(start) + IMAGE_MAX)
        return 0;
    if (!thread) {
        thread = aligned_alloc(BH_CONTROL_STACK_SIZE, BH_CONTROL_STACK_SIZE);
        require(thread != NULL);
        memset(thread, 0, BH_CONTROL_STACK_SIZE);
        thread->domain = &domain;
        ASAN_POISON_MEMORY_REGION((uint8_t *)thread + BH_CONTROL_BLOCK_SIZE, BH_CONTROL_GUARD_SIZE);
    }
    memcpy(&start, data, sizeof(start));
    uint8_t *bytes = malloc(size - sizeof(start)); // of its own size, so that reading past the end is seen
    require(bytes != NULL || size == sizeof(start));
    if (bytes)
        memcpy(bytes, data + sizeof(start), size - sizeof(start));
    place_image(bytes, size - sizeof(start), &start);
    uint64_t *top = (uint64_t *)((uint8_t *)thread + BH_CONTROL_STACK_SIZE) - STACK_WORDS;
    memcpy(top, start.stack, sizeof(start.stack));
    struct invocation *record = (struct invocation *)(top + STACK_WORDS / 2);
    *record = (struct invocation){.caller = &domain, .callee = &domain, .resume = domain.base + start.resume};
    thread->top = record;
    memset(slot_page, 0, sizeof(slot_page));
    if (bytes)
        memcpy(slot_page, bytes, size - sizeof(start));
    domain.mechanism = start.rip & PLAIN ? plain_mechanism : NULL;
    start.rip &= ~PLAIN;
    struct trap_frame frame = {.rip = domain.base + start.rip, .rsp = (uint64_t)top, .rbp = start.stack[1], .rbx = start.stack[2]};
    size_t count = backtrace_thread(thread, &frame, frames, BH_BACKTRACE_MAX);
    require(count <= BH_BACKTRACE_MAX);
    for (size_t i = 0; i < count; i++)
        require(frames[i].domain == domain.id && frames[i].offset < BH_SLOT_SIZE && memchr(frames[i].symbol, 0, sizeof(frames[i].symbol)));
    free(bytes);
    return 0;
}

// ---- tables that are right in form ---------------------------------------------------------------------------------------

struct writer {
    uint8_t bytes[IMAGE_MAX];
    size_t size;
};

static unsigned draw(unsigned limit) {
    return (unsigned)rand() % limit;
}

static void put(struct writer *w, uint64_t value, size_t size) {
    if (w->size + size <= sizeof(w->bytes))
        memcpy(w->bytes + w->size, &value, size);
    w->size += w->size + size <= sizeof(w->bytes) ? size : 0;
}

static void put_leb(struct writer *w, uint64_t value) {
    do {
        put(w, (value & 0x7f) | (value > 0x7f ? 0x80 : 0), 1);
        value >>= 7;
    } while (value);
}

static uint64_t some_number(void) {
    static const uint64_t corners[] = {0, 1, 7, 8, 15, 16, 17, 18, 127, 128, 255, 4096, 1ull << 31, 1ull << 63, ~0ull};
    return draw(3) ? draw(40) : corners[draw(sizeof(corners) / sizeof(*corners))];
}

// A DWARF expression of some operations.
static void put_expression(struct writer *w) {
    struct writer inner = {.size = 0};
    for (unsigned n = draw(8); n; n--)
        switch (draw(5)) {
        case 0: put(&inner, 0x0e, 1), put(&inner, some_number(), 8); break;         // const8u
        case 1: put(&inner, 0x70 + draw(32), 1), put_leb(&inner, some_number()); break; // breg
        case 2: put(&inner, 0x30 + draw(32), 1); break;                            // lit
        case 3: put(&inner, draw(2) ? 0x2f : 0x28, 1), put(&inner, (uint64_t)-3, 2); break; // skip, bra
        default: put(&inner, draw(0x50), 1); break;
        }
    put_leb(w, inner.size);
    for (size_t i = 0; i < inner.size; i++)
        put(w, inner.bytes[i], 1);
}

// What cfi.c lets through is drawn first, so that libunwind gets something to do.
#define PLAIN_OPERATIONS 11

static void put_operation(struct writer *w, bool plain) {
    switch (draw(plain ? PLAIN_OPERATIONS : PLAIN_OPERATIONS + 6)) {
    case 0: case 1: case 2: put(w, 0x40 | draw(16), 1); break;                                       // advance_loc
    case 3: case 4: case 5: put(w, 0x0e, 1), put_leb(w, 8 + 8 * draw(12)); break;                   // def_cfa_offset
    case 6: case 7: put(w, 0x80 | (plain ? draw(7) : draw(64)), 1), put_leb(w, draw(8)); break;      // offset
    case 8: put(w, 0xc0 | draw(plain ? 7 : 64), 1); break;                                           // restore
    case 9: put(w, 0x0a, 1), put(w, 0x40 | draw(16), 1), put(w, 0x0b, 1); break;                     // remember, restore state
    case 10: put(w, 0x0c, 1), put_leb(w, plain ? 7 : some_number()), put_leb(w, plain ? 8 : some_number()); break; // def_cfa
    case 11: put(w, 0x09, 1), put_leb(w, draw(17)), put_leb(w, some_number()); break;              // register
    case 12: put(w, 0x0f, 1), put_expression(w); break;                                            // def_cfa_expression
    case 13: put(w, draw(2) ? 0x10 : 0x16, 1), put_leb(w, draw(17)), put_expression(w); break;     // expression, val_expression
    case 14: put(w, draw(2) ? 0x0a : 0x0b, 1); break;                                              // remember, restore state, alone
    case 15: put(w, draw(2) ? 0x07 : 0x08, 1), put_leb(w, some_number()); break;                   // undefined, same_value
    default: put(w, draw(0x40), 1), put_leb(w, some_number()); break;
    }
}

// Nine of ten fields are right, or all.
static bool wrong(bool plain) {
    return !plain && !draw(10);
}

// Pads the entry that began at `start` with room for its length, and writes that, unless the writer was full there. The start.
static size_t finish(struct writer *w, size_t start) {
    while (w->size % 4)
        put(w, 0, 1);
    uint32_t length = (uint32_t)(w->size - start - sizeof(length));
    if (w->size - start >= sizeof(length))
        memcpy(w->bytes + start, &length, sizeof(length));
    return start;
}

static size_t put_cie(struct writer *w, bool plain) {
    size_t start = w->size;
    put(w, 0, 4), put(w, 0, 4), put(w, wrong(plain) ? draw(5) : 1, 1);
    put(w, wrong(plain) ? draw(128) : 'z', 1), put(w, wrong(plain) ? draw(128) : 'R', 1), put(w, 0, 1);
    put_leb(w, wrong(plain) ? some_number() : 1), put(w, wrong(plain) ? draw(256) : 0x78, 1), put(w, wrong(plain) ? draw(256) : 16, 1);
    put_leb(w, 1), put(w, wrong(plain) ? draw(256) : 0x1b, 1);
    if (!wrong(plain))
        put(w, 0x0c, 1), put(w, 7, 1), put(w, 8, 1), put(w, 0x90, 1), put(w, 1, 1);
    for (unsigned n = plain ? 0 : draw(3); n; n--)
        put_operation(w, plain);
    return finish(w, start);
}

static size_t put_fde(struct writer *w, size_t cie, uint32_t function, bool plain) {
    size_t start = w->size;
    put(w, 0, 4), put(w, start + 4 - cie, 4), put(w, (uint32_t)(function - (start + 8)), 4), put(w, FUNCTION_SIZE, 4), put_leb(w, 0);
    for (unsigned n = draw(12); n; n--)
        put_operation(w, plain);
    return finish(w, start);
}

// Functions stand, as far as these tables know, from the start of the image.
static size_t generate(uint8_t *to, size_t max) {
    static struct writer w;
    struct start start = {0};
    unsigned count = 1 + draw(6);
    bool plain = draw(2);
    w.size = 0;
    while (w.size < 512)
        put(&w, (uint64_t)rand() << 32 | (unsigned)rand(), 8);
    start.header = (uint32_t)w.size;
    start.header_size = 12 + 8 * count;
    put(&w, 0x3b031b01, 4), put(&w, 12 + 8 * count - 4, 4), put(&w, wrong(plain) ? (unsigned)some_number() : count, 4);
    size_t table = w.size;
    for (unsigned i = 0; i < count; i++)
        put(&w, 0, 8);
    size_t cie = put_cie(&w, plain);
    for (unsigned i = 0; i < count; i++) {
        size_t fde = put_fde(&w, cie, FUNCTION_SIZE * i, plain);
        int32_t entry[2] = {(int32_t)(FUNCTION_SIZE * i) - (int32_t)start.header, (int32_t)fde - (int32_t)start.header};
        memcpy(w.bytes + table + 8 * i, entry, 8);
    }
    start.rip = (uint32_t)BH_SLOT_IMAGE + draw(FUNCTION_SIZE * count);
    start.rip |= draw(4) ? 0 : PLAIN;
    start.resume = (uint32_t)BH_SLOT_IMAGE + draw(FUNCTION_SIZE * count);
    for (unsigned i = 0; i < STACK_WORDS; i++)
        start.stack[i] = domain.base + BH_SLOT_IMAGE + draw(FUNCTION_SIZE * count);
    if (sizeof(start) + w.size > max)
        return 0;
    memcpy(to, &start, sizeof(start));
    memcpy(to + sizeof(start), w.bytes, w.size);
    return sizeof(start) + w.size;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed) {
    srand(seed);
    if (size < sizeof(struct start) + 64 || !draw(4)) {
        size_t made = generate(data, max);
        if (!made || draw(3))
            return made ? made : size;
        size = made;
    }
    size_t tables = sizeof(struct start) + 512;
    if (size > tables && draw(4)) { // in the tables only
        size_t changed = LLVMFuzzerMutate(data + tables, size - tables, size - tables);
        return tables + changed;
    }
    return LLVMFuzzerMutate(data, size, max);
}
