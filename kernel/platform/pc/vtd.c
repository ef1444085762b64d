// SPDX-License-Identifier: MIT
//
// Remapping units of VT-d: what they can do, switching on, emptying their caches, fault records. Source: Intel VT-d specification 3.4, chapters 6, 7, 10
// and 11. Invariant: when a function here that empties caches returns, no transfer that went by an old entry is under way any more. A unit that does not
// do what it is told within a second cannot confine anything: that ends the machine.
#include "kernel/platform/pc/vtd.h"

#include <stddef.h>

#include "kernel/abi/slot.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/platform/pc/pc.h"

enum unit_register : uint32_t {
    UNIT_CAPABILITIES = 0x08,
    UNIT_EXTENDED = 0x10,
    UNIT_COMMAND = 0x18,
    UNIT_STATUS = 0x1c,
    UNIT_ROOT = 0x20,
    UNIT_CONTEXT_COMMAND = 0x28,
    UNIT_FAULT_STATUS = 0x34,
    UNIT_FAULT_CONTROL = 0x38,
    UNIT_FAULT_DATA = 0x3c,
    UNIT_FAULT_ADDRESS = 0x40,
    UNIT_FAULT_ADDRESS_HIGH = 0x44,
    UNIT_PROTECTED = 0x64,
    UNIT_QUEUE_TAIL = 0x88,
    UNIT_QUEUE = 0x90,
};

// In command and status.
#define UNIT_TRANSLATE (1u << 31)
#define UNIT_SET_ROOT (1u << 30)
#define UNIT_FLUSH_WRITES (1u << 27)
#define UNIT_QUEUED (1u << 26)
#define UNIT_REMAP (1u << 25) // interrupts
#define UNIT_LASTING 0x96ffffffu // bits of the status that stay when written back as a command

#define FLUSHES_WRITES(unit) ((unit)->capabilities >> 4 & 1)
#define PROTECTS(unit) ((unit)->capabilities >> 5 & 3)
#define FAULT_OFFSET(unit) (((unit)->capabilities >> 24 & 0x3ff) * 16)
#define FAULT_COUNT(unit) (((unit)->capabilities >> 40 & 0xff) + 1)
#define TLB_COMMAND(unit) ((uint32_t)((unit)->extended >> 8 & 0x3ff) * 16 + 8)
#define CAN_QUEUE(unit) ((unit)->extended >> 1 & 1)

#define COMMAND_GO (1ull << 63)
#define CONTEXT_ALL (1ull << 61)
#define TLB_ALL (1ull << 60)
#define TLB_SPACE (2ull << 60)
#define TLB_DRAIN (3ull << 48) // reads and writes

// Descriptors of the queue, first half.
#define QUEUE_CONTEXT_ALL 0x11ull
#define QUEUE_TLB_ALL 0xd2ull // with draining, as below
#define QUEUE_TLB_SPACE 0xe2ull
#define QUEUE_WAIT 0x25ull // and write a word when done
#define QUEUE_ENTRIES 256u

#define FAULT_MASKED (1u << 31)
#define FAULT_OVERFLOW 1u
#define FAULT_QUEUE 0x10u
#define FAULT_ERRORS 0x70u // of the queue
#define RECORD_FULL (1ull << 63)
#define RECORD_READ (1ull << 62)
#define PROTECTED_ON (1u << 31)
#define PROTECTED_STATUS 1u
#define ANSWER_NS 1000000000ull
#define CACHE_LINE 64u

static struct unit {
    volatile uint8_t *registers;
    hpa address;
    uint64_t capabilities, extended;
    volatile uint64_t *queue; // NULL: by registers
    uint32_t tail;            // entry of the queue
    volatile uint32_t done;   // the unit writes it
} units[DMAR_UNITS_MAX];
static uint32_t unit_count;
static bool use_queue;

static uint32_t get32(const struct unit *unit, uint32_t offset) {
    return *(volatile uint32_t *)(unit->registers + offset);
}

static void put32(const struct unit *unit, uint32_t offset, uint32_t value) {
    *(volatile uint32_t *)(unit->registers + offset) = value;
}

static uint64_t get64(const struct unit *unit, uint32_t offset) {
    return *(volatile uint64_t *)(unit->registers + offset);
}

static void put64(const struct unit *unit, uint32_t offset, uint64_t value) {
    *(volatile uint64_t *)(unit->registers + offset) = value;
}

[[noreturn]] static void broken(const struct unit *unit, const char *what) {
    panic("the IOMMU at 0x%llx does not %s: memory cannot be protected", (unsigned long long)unit->address, what);
}

static void wait32(const struct unit *unit, uint32_t offset, uint32_t mask, uint32_t value, const char *what) {
    uint64_t until = clock_now_ns() + ANSWER_NS;
    while ((get32(unit, offset) & mask) != value)
        if (clock_now_ns() > until)
            broken(unit, what);
}

static void wait_command(const struct unit *unit, uint32_t offset, const char *what) {
    uint64_t until = clock_now_ns() + ANSWER_NS;
    while (get64(unit, offset) & COMMAND_GO)
        if (clock_now_ns() > until)
            broken(unit, what);
}

// Set or clear one bit of the lasting ones, or give one of the orders.
static void command(const struct unit *unit, uint32_t bit, bool on) {
    uint32_t lasting = get32(unit, UNIT_STATUS) & UNIT_LASTING;
    put32(unit, UNIT_COMMAND, on ? lasting | bit : lasting & ~bit);
    wait32(unit, UNIT_STATUS, bit, on ? bit : 0, "take a command");
}

// ---- what they can do

static const char *look_at(struct unit *unit, hpa address) {
    unit->address = address;
    if (paging_map_device(address, BH_PAGE_SIZE) != BH_OK)
        return "its registers cannot be reached";
    unit->registers = platform_direct(address);
    unit->capabilities = get64(unit, UNIT_CAPABILITIES);
    unit->extended = get64(unit, UNIT_EXTENDED);
    uint64_t end = TLB_COMMAND(unit) + 8, records = FAULT_OFFSET(unit) + FAULT_COUNT(unit) * 16;
    if (!~unit->capabilities || paging_map_device(address, records > end ? records : end) != BH_OK)
        return "its registers cannot be reached";
    return NULL;
}

const char *vtd_find(const struct dmar *dmar, hpa memory_end, uint32_t levels, bool queued, struct vtd_abilities *abilities) {
    uint32_t widths = 0x1f, spaces = UINT16_MAX + 1u, bits = 64;
    *abilities = (struct vtd_abilities){.large = true, .coherent = true};
    use_queue = queued;
    for (uint32_t i = 0; i < dmar->unit_count; i++) {
        struct unit *unit = &units[i];
        const char *wrong = look_at(unit, dmar->units[i].registers);
        if (wrong)
            return wrong;
        uint64_t capabilities = unit->capabilities;
        uint32_t own_bits = (uint32_t)(capabilities >> 16 & 63) + 1, own_spaces = 1u << (4 + 2 * (capabilities & 7));
        widths &= capabilities >> 8 & 0x1f;
        bits = own_bits < bits ? own_bits : bits;
        spaces = own_spaces < spaces ? own_spaces : spaces;
        abilities->large &= capabilities >> 34 & 1;
        abilities->caching |= capabilities >> 7 & 1;
        abilities->coherent &= unit->extended & 1;
        use_queue &= CAN_QUEUE(unit);
    }
    abilities->spaces = spaces;
    abilities->address_bits = bits;
    for (; levels <= 4 && !abilities->levels; levels++)
        if ((widths >> (levels - 2) & 1) && memory_end <= 1ull << (12 + 9 * levels))
            abilities->levels = levels;
    if (!abilities->levels)
        return "its units share no width of tables that reaches all memory";
    if (memory_end > 1ull << bits)
        return "its units do not translate addresses of all memory";
    unit_count = dmar->unit_count;
    return NULL;
}

// ---- emptying caches

void vtd_flush_memory(const volatile void *start, uint64_t size) {
    const volatile uint8_t *bytes = start;
    for (uint64_t at = 0; at < size + CACHE_LINE - 1; at += CACHE_LINE)
        __asm__ volatile("clflush %0" : : "m"(bytes[at < size ? at : size - 1]) : "memory");
    __asm__ volatile("mfence" : : : "memory");
}

static void put_in_queue(struct unit *unit, uint64_t low, uint64_t high) {
    unit->queue[2 * unit->tail] = low;
    unit->queue[2 * unit->tail + 1] = high;
    vtd_flush_memory(&unit->queue[2 * unit->tail], 16);
    unit->tail = (unit->tail + 1) % QUEUE_ENTRIES;
}

// Let the unit do what is in its queue, and wait.
static void run_queue(struct unit *unit) {
    uint64_t until = clock_now_ns() + ANSWER_NS;
    unit->done = 0;
    put_in_queue(unit, QUEUE_WAIT | 1ull << 32, platform_direct_to_hpa((const void *)&unit->done));
    put64(unit, UNIT_QUEUE_TAIL, (uint64_t)unit->tail << 4);
    while (!unit->done)
        if (clock_now_ns() > until || (get32(unit, UNIT_FAULT_STATUS) & FAULT_QUEUE))
            broken(unit, "empty its caches");
}

// What processors and chips between them and memory still hold back of our writes.
static void flush_writes(const struct unit *unit) {
    if (!FLUSHES_WRITES(unit))
        return;
    put32(unit, UNIT_COMMAND, (get32(unit, UNIT_STATUS) & UNIT_LASTING) | UNIT_FLUSH_WRITES);
    wait32(unit, UNIT_STATUS, UNIT_FLUSH_WRITES, 0, "flush writes");
}

static void forget_all(struct unit *unit) {
    flush_writes(unit);
    if (unit->queue) {
        put_in_queue(unit, QUEUE_CONTEXT_ALL, 0);
        put_in_queue(unit, QUEUE_TLB_ALL, 0);
        run_queue(unit);
        return;
    }
    put64(unit, UNIT_CONTEXT_COMMAND, COMMAND_GO | CONTEXT_ALL);
    wait_command(unit, UNIT_CONTEXT_COMMAND, "forget its contexts");
    put64(unit, TLB_COMMAND(unit), COMMAND_GO | TLB_ALL | TLB_DRAIN);
    wait_command(unit, TLB_COMMAND(unit), "empty its TLB");
}

void vtd_forget_contexts(void) {
    for (uint32_t i = 0; i < unit_count; i++)
        forget_all(&units[i]);
}

void vtd_forget_space(uint32_t space) {
    for (uint32_t i = 0; i < unit_count; i++) {
        struct unit *unit = &units[i];
        flush_writes(unit);
        if (unit->queue) {
            put_in_queue(unit, QUEUE_TLB_SPACE | (uint64_t)space << 16, 0);
            run_queue(unit);
            continue;
        }
        put64(unit, TLB_COMMAND(unit), COMMAND_GO | TLB_SPACE | TLB_DRAIN | (uint64_t)space << 32);
        wait_command(unit, TLB_COMMAND(unit), "empty its TLB");
    }
}

// ---- switching on

// Whatever the firmware did with it.
static void quiet(struct unit *unit) {
    put32(unit, UNIT_FAULT_CONTROL, FAULT_MASKED);
    put32(unit, UNIT_FAULT_STATUS, FAULT_ERRORS);
    command(unit, UNIT_REMAP, false);
    command(unit, UNIT_QUEUED, false);
}

static void start(struct unit *unit, hpa root, hpa queue) {
    quiet(unit);
    put64(unit, UNIT_ROOT, root);
    flush_writes(unit);
    command(unit, UNIT_SET_ROOT, true);
    if (use_queue) {
        unit->queue = platform_direct(queue);
        unit->tail = 0;
        put64(unit, UNIT_QUEUE_TAIL, 0);
        put64(unit, UNIT_QUEUE, queue);
        command(unit, UNIT_QUEUED, true);
    }
    forget_all(unit);
    command(unit, UNIT_TRANSLATE, true);
    if (PROTECTS(unit) && (get32(unit, UNIT_PROTECTED) & PROTECTED_STATUS)) { // regions without any DMA, of use only before
        put32(unit, UNIT_PROTECTED, get32(unit, UNIT_PROTECTED) & ~PROTECTED_ON);
        wait32(unit, UNIT_PROTECTED, PROTECTED_STATUS, 0, "open its protected regions");
    }
}

void vtd_start(hpa root, const hpa *queues) {
    vtd_flush_memory(platform_direct(root), BH_PAGE_SIZE);
    for (uint32_t i = 0; i < unit_count; i++)
        start(&units[i], root, queues[i]);
}

// ---- faults

static bool take_record(const struct unit *unit, struct vtd_fault *out) {
    for (uint32_t i = 0; i < FAULT_COUNT(unit); i++) {
        uint32_t at = (uint32_t)FAULT_OFFSET(unit) + 16 * i;
        uint64_t high = get64(unit, at + 8);
        if (!(high & RECORD_FULL))
            continue;
        *out = (struct vtd_fault){.source = high & 0xffff, .reason = high >> 32 & 0xff, .write = !(high & RECORD_READ),
                                  .address = get64(unit, at) & ~(BH_PAGE_SIZE - 1)};
        put64(unit, at + 8, RECORD_FULL);
        return true;
    }
    put32(unit, UNIT_FAULT_STATUS, FAULT_OVERFLOW); // what it had no room for was blocked as well
    return false;
}

bool vtd_take_fault(struct vtd_fault *out) {
    for (uint32_t i = 0; i < unit_count; i++)
        if (take_record(&units[i], out))
            return true;
    return false;
}

void vtd_set_message(uint64_t address, uint32_t data) {
    for (uint32_t i = 0; i < unit_count; i++) {
        put32(&units[i], UNIT_FAULT_DATA, data);
        put32(&units[i], UNIT_FAULT_ADDRESS, (uint32_t)address);
        put32(&units[i], UNIT_FAULT_ADDRESS_HIGH, (uint32_t)(address >> 32));
    }
}

void vtd_allow_message(bool allow) {
    for (uint32_t i = 0; i < unit_count; i++)
        put32(&units[i], UNIT_FAULT_CONTROL, allow ? 0 : FAULT_MASKED);
}
