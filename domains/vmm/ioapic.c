// SPDX-License-Identifier: MIT
//
// I/O APIC: a pin's edge or level becomes a message to the local APIC. Pins are asserted or not; polarity is ignored,
// since no inverted wire exists here.
#include "ioapic.h"

#include "machine.h"

#define REG_SELECT 0x00
#define REG_WINDOW 0x10
#define REG_EOI 0x40
#define INDEX_ID 0
#define INDEX_VERSION 1
#define INDEX_ARBITRATION 2
#define INDEX_ENTRIES 0x10
#define VERSION (0x20u | (IOAPIC_PINS - 1) << 16)

#define ENTRY_MASKED (1ull << 16)
#define ENTRY_LEVEL (1ull << 15)
#define ENTRY_REMOTE (1ull << 14) // accepted, EOI outstanding
#define ENTRY_PENDING (1ull << 12)
#define ENTRY_LOGICAL (1ull << 11)
#define ENTRY_READ_ONLY (ENTRY_REMOTE | ENTRY_PENDING)
#define MODE_LOWEST 1

static void deliver(struct ioapic *ioapic, uint32_t pin) {
    uint64_t *entry = &ioapic->entries[pin];
    struct lapic *lapic = &ioapic->machine->lapic;
    bool level = *entry & ENTRY_LEVEL;
    if ((*entry & ENTRY_MASKED) || (level && (*entry & ENTRY_REMOTE)))
        return;
    if ((*entry >> 8 & 7) > MODE_LOWEST || !lapic_is_addressed(lapic, (uint8_t)(*entry >> 56), *entry & ENTRY_LOGICAL))
        return;
    if (level)
        *entry |= ENTRY_REMOTE;
    lapic_receive(lapic, (uint8_t)*entry, level);
}

void ioapic_set_pin(struct ioapic *ioapic, uint32_t pin, bool asserted) {
    uint32_t bit = 1u << pin;
    if (asserted == !!(ioapic->asserted & bit))
        return;
    UNDO_SAVE(ioapic->machine, ioapic);
    ioapic->asserted ^= bit;
    if (asserted)
        deliver(ioapic, pin);
}

void ioapic_end_of_interrupt(struct ioapic *ioapic, uint8_t vector) {
    UNDO_SAVE(ioapic->machine, ioapic);
    for (uint32_t pin = 0; pin < IOAPIC_PINS; pin++) {
        uint64_t *entry = &ioapic->entries[pin];
        if ((uint8_t)*entry != vector || !(*entry & ENTRY_REMOTE))
            continue;
        *entry &= ~ENTRY_REMOTE;
        if (ioapic->asserted >> pin & 1)
            deliver(ioapic, pin);
    }
}

static void write_entry(struct ioapic *ioapic, uint32_t half, uint32_t value) {
    uint32_t pin = half / 2, shift = half % 2 * 32;
    if (pin >= IOAPIC_PINS)
        return;
    uint64_t mask = (0xffffffffull << shift) & ~ENTRY_READ_ONLY;
    uint64_t *entry = &ioapic->entries[pin];
    *entry = (*entry & ~mask) | ((uint64_t)value << shift & mask);
    if (!(*entry & ENTRY_LEVEL))
        *entry &= ~ENTRY_REMOTE;
    else if (ioapic->asserted >> pin & 1)
        deliver(ioapic, pin);
}

static uint32_t read(void *device, uint32_t offset, uint32_t size) {
    struct ioapic *ioapic = device;
    (void)size;
    if (offset == REG_SELECT)
        return ioapic->select;
    if (offset != REG_WINDOW)
        return 0;
    uint32_t index = ioapic->select;
    if (index == INDEX_ID || index == INDEX_ARBITRATION)
        return ioapic->id;
    if (index == INDEX_VERSION)
        return VERSION;
    if (index >= INDEX_ENTRIES && index < INDEX_ENTRIES + 2 * IOAPIC_PINS) {
        uint32_t half = index - INDEX_ENTRIES;
        return (uint32_t)(ioapic->entries[half / 2] >> (half % 2 * 32));
    }
    return 0;
}

static void write(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct ioapic *ioapic = device;
    (void)size;
    UNDO_SAVE(ioapic->machine, ioapic);
    if (offset == REG_SELECT)
        ioapic->select = value & 0xff;
    else if (offset == REG_EOI)
        ioapic_end_of_interrupt(ioapic, (uint8_t)value);
    else if (offset == REG_WINDOW && ioapic->select == INDEX_ID)
        ioapic->id = value & 0x0f000000u;
    else if (offset == REG_WINDOW && ioapic->select >= INDEX_ENTRIES)
        write_entry(ioapic, ioapic->select - INDEX_ENTRIES, value);
}

static void reset(void *device) {
    struct ioapic *ioapic = device;
    *ioapic = (struct ioapic){.machine = ioapic->machine, .id = (uint32_t)IOAPIC_ID << 24};
    for (int pin = 0; pin < IOAPIC_PINS; pin++)
        ioapic->entries[pin] = ENTRY_MASKED;
}

static const char *restore(void *device, const void *from) {
    struct ioapic *ioapic = device;
    const struct ioapic *saved = from;
    if (saved->select > 0xff || (saved->id & ~0x0f000000u) || saved->asserted >> IOAPIC_PINS)
        return "the I/O APIC";
    DEVICE_TAKE(ioapic, saved, select);
    return NULL;
}

const struct device_model ioapic_model = {
    .name = "ioapic", .access_max = 4, .reset = reset, .read = read, .write = write, .restore = restore};
