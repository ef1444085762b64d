// SPDX-License-Identifier: MIT
//
// Local APIC of the one vCPU. Reset leaves it as firmware hands it over: enabled, LINT0 passing the 8259 on (virtual wire
// mode). machine.c asks lapic_pending() before each entry; everything that may change the answer sets `attention`.
#include "lapic.h"

#include <string.h>

#include "bulkhead/thread.h"
#include "machine.h"

#define REG_ID 0x020
#define REG_VERSION 0x030
#define REG_TPR 0x080
#define REG_PPR 0x0a0
#define REG_EOI 0x0b0
#define REG_LDR 0x0d0
#define REG_DFR 0x0e0
#define REG_SVR 0x0f0
#define REG_ISR 0x100
#define REG_TMR 0x180
#define REG_IRR 0x200
#define REG_ESR 0x280
#define REG_ICR_LOW 0x300
#define REG_ICR_HIGH 0x310
#define REG_LVT_TIMER 0x320
#define REG_LVT_ERROR 0x370
#define REG_INITIAL 0x380
#define REG_CURRENT 0x390
#define REG_DIVIDE 0x3e0

#define VERSION (0x14u | (LVT_COUNT - 1) << 16)
#define SVR_ENABLE 0x100u
#define LVT_MASKED 0x10000u
#define LVT_PERIODIC 0x20000u
#define MODE(lvt) ((lvt) >> 8 & 7)
#define MODE_FIXED 0
#define MODE_LOWEST 1
#define MODE_EXTINT 7
#define BASE_ENABLE 0x800ull
#define BASE_BSP 0x100ull

static int highest(const uint32_t bits[8]) {
    for (int i = 7; i >= 0; i--)
        if (bits[i])
            return i * 32 + 31 - __builtin_clz(bits[i]);
    return -1;
}

static void set_bit(uint32_t bits[8], uint8_t vector, bool value) {
    uint32_t mask = 1u << (vector & 31);
    bits[vector >> 5] = value ? bits[vector >> 5] | mask : bits[vector >> 5] & ~mask;
}

static uint32_t priority(const struct lapic *lapic) {
    int serving = highest(lapic->isr);
    uint32_t isr = serving < 0 ? 0 : (uint32_t)serving & 0xf0;
    return (lapic->tpr & 0xf0) >= isr ? lapic->tpr : isr;
}

static bool enabled(const struct lapic *lapic) {
    return (lapic->base_msr & BASE_ENABLE) && (lapic->svr & SVR_ENABLE);
}

int lapic_pending(const struct lapic *lapic) {
    int vector = highest(lapic->irr);
    if (vector < 0 || ((uint32_t)vector & 0xf0) <= (priority(lapic) & 0xf0))
        return -1;
    return vector;
}

void lapic_acknowledge(struct lapic *lapic, uint8_t vector) {
    UNDO_SAVE(lapic->machine, lapic);
    set_bit(lapic->irr, vector, false);
    set_bit(lapic->isr, vector, true);
}

void lapic_receive(struct lapic *lapic, uint8_t vector, bool level) {
    if (!enabled(lapic))
        return;
    UNDO_SAVE(lapic->machine, lapic);
    if (vector < 16) {
        lapic->esr |= 1u << 6; // received an illegal vector
        return;
    }
    set_bit(lapic->irr, vector, true);
    set_bit(lapic->tmr, vector, level);
    lapic->machine->attention = true;
}

bool lapic_is_addressed(const struct lapic *lapic, uint8_t destination, bool logical) {
    if (destination == 0xff)
        return true;
    if (!logical)
        return destination == lapic->id >> 24;
    uint8_t own = (uint8_t)(lapic->ldr >> 24);
    if (lapic->dfr >> 28 == 0xf)
        return destination & own;
    return destination >> 4 == own >> 4 && (destination & own & 0xf);
}

bool lapic_passes_8259(const struct lapic *lapic) {
    if (!enabled(lapic))
        return true;
    return !(lapic->lvt[LVT_LINT0] & LVT_MASKED) && MODE(lapic->lvt[LVT_LINT0]) == MODE_EXTINT;
}

static void end_of_interrupt(struct lapic *lapic) {
    int vector = highest(lapic->isr);
    if (vector < 0)
        return;
    set_bit(lapic->isr, (uint8_t)vector, false);
    if (lapic->tmr[vector >> 5] >> (vector & 31) & 1)
        ioapic_end_of_interrupt(&lapic->machine->ioapic, (uint8_t)vector);
    if (lapic_pending(lapic) >= 0)
        lapic->machine->attention = true;
}

static uint32_t divisor(const struct lapic *lapic) {
    uint32_t code = (lapic->divide & 3) | (lapic->divide >> 1 & 4);
    return code == 7 ? 1 : 2u << code;
}

static void start_timer(struct lapic *lapic, uint32_t count) {
    lapic->initial_count = count;
    lapic->period_ns = (uint64_t)count * divisor(lapic);
    lapic->next_ns = count ? bh_time_ns() + lapic->period_ns : 0;
    lapic->machine->timers_changed = true;
}

static uint32_t current_count(const struct lapic *lapic) {
    uint64_t now = bh_time_ns();
    if (!lapic->next_ns)
        return 0;
    if (now < lapic->next_ns)
        return (uint32_t)((lapic->next_ns - now) / divisor(lapic));
    if (!(lapic->lvt[LVT_TIMER] & LVT_PERIODIC))
        return 0;
    return (uint32_t)((lapic->period_ns - (now - lapic->next_ns) % lapic->period_ns) / divisor(lapic));
}

static uint64_t tick(void *device, uint64_t now_ns) {
    struct lapic *lapic = device;
    if (!lapic->next_ns)
        return 0;
    if (now_ns >= lapic->next_ns) {
        UNDO_SAVE(lapic->machine, lapic);
        uint32_t lvt = lapic->lvt[LVT_TIMER];
        if (!(lvt & LVT_MASKED))
            lapic_receive(lapic, (uint8_t)lvt, false);
        if (lvt & LVT_PERIODIC)
            lapic->next_ns += ((now_ns - lapic->next_ns) / lapic->period_ns + 1) * lapic->period_ns;
        else
            lapic->next_ns = 0;
    }
    return lapic->lvt[LVT_TIMER] & LVT_MASKED ? 0 : lapic->next_ns;
}

// Interprocessor interrupts can only go to this processor itself; INIT and start-up messages to others reach nobody.
static void send(struct lapic *lapic, uint32_t command) {
    uint32_t shorthand = command >> 18 & 3;
    bool self = shorthand == 1 || shorthand == 2 ||
                (shorthand == 0 && lapic_is_addressed(lapic, (uint8_t)(lapic->icr_high >> 24), command & 0x800));
    lapic->icr_low = command & ~0x1000u; // delivered at once
    if (self && MODE(command) <= MODE_LOWEST)
        lapic_receive(lapic, (uint8_t)command, false);
}

static const uint32_t lvt_kept[LVT_COUNT] = {
    [LVT_TIMER] = 0x300ff, [LVT_THERMAL] = 0x107ff, [LVT_COUNTERS] = 0x107ff,
    [LVT_LINT0] = 0x1a7ff, [LVT_LINT1] = 0x1a7ff,   [LVT_ERROR] = 0x100ff,
};

static void write_lvt(struct lapic *lapic, uint32_t index, uint32_t value) {
    value &= lvt_kept[index];
    if (!(lapic->svr & SVR_ENABLE))
        value |= LVT_MASKED;
    lapic->lvt[index] = value;
    if (index == LVT_TIMER)
        lapic->machine->timers_changed = true;
    if (index == LVT_LINT0)
        lapic->machine->attention = true;
}

static void write_svr(struct lapic *lapic, uint32_t value) {
    lapic->svr = value & 0x1ff;
    if (!(value & SVR_ENABLE))
        for (int i = 0; i < LVT_COUNT; i++)
            lapic->lvt[i] |= LVT_MASKED;
    lapic->machine->attention = true;
}

static uint32_t read(void *device, uint32_t offset, uint32_t size) {
    struct lapic *lapic = device;
    (void)size;
    offset &= ~0xfu;
    if (offset >= REG_ISR && offset < REG_ESR) {
        const uint32_t *bits = offset < REG_TMR ? lapic->isr : offset < REG_IRR ? lapic->tmr : lapic->irr;
        return bits[offset >> 4 & 7];
    }
    if (offset >= REG_LVT_TIMER && offset <= REG_LVT_ERROR)
        return lapic->lvt[(offset - REG_LVT_TIMER) >> 4];
    switch (offset) {
    case REG_ID:
        return lapic->id;
    case REG_VERSION:
        return VERSION;
    case REG_TPR:
        return lapic->tpr;
    case REG_PPR:
        return priority(lapic);
    case REG_LDR:
        return lapic->ldr;
    case REG_DFR:
        return lapic->dfr;
    case REG_SVR:
        return lapic->svr;
    case REG_ESR:
        return lapic->esr;
    case REG_ICR_LOW:
        return lapic->icr_low;
    case REG_ICR_HIGH:
        return lapic->icr_high;
    case REG_INITIAL:
        return lapic->initial_count;
    case REG_CURRENT:
        return current_count(lapic);
    case REG_DIVIDE:
        return lapic->divide;
    default:
        return 0;
    }
}

static void write(void *device, uint32_t offset, uint32_t size, uint32_t value) {
    struct lapic *lapic = device;
    (void)size;
    UNDO_SAVE(lapic->machine, lapic);
    offset &= ~0xfu;
    if (offset >= REG_LVT_TIMER && offset <= REG_LVT_ERROR) {
        write_lvt(lapic, (offset - REG_LVT_TIMER) >> 4, value);
        return;
    }
    switch (offset) {
    case REG_EOI:
        end_of_interrupt(lapic);
        break;
    case REG_INITIAL:
        start_timer(lapic, value);
        break;
    case REG_TPR:
        lapic->tpr = value & 0xff;
        lapic->machine->attention = true;
        break;
    case REG_ID:
        lapic->id = value & 0xff000000u;
        break;
    case REG_LDR:
        lapic->ldr = value & 0xff000000u;
        break;
    case REG_DFR:
        lapic->dfr = value | 0x0fffffffu;
        break;
    case REG_SVR:
        write_svr(lapic, value);
        break;
    case REG_ESR:
        lapic->esr = 0;
        break;
    case REG_ICR_LOW:
        send(lapic, value);
        break;
    case REG_ICR_HIGH:
        lapic->icr_high = value & 0xff000000u;
        break;
    case REG_DIVIDE:
        lapic->divide = value & 0xb;
        break;
    default:
        break;
    }
}

static void reset(void *device) {
    struct lapic *lapic = device;
    *lapic = (struct lapic){.machine = lapic->machine};
    lapic->base_msr = LAPIC_ADDRESS | BASE_ENABLE | BASE_BSP;
    lapic->dfr = 0xffffffffu;
    lapic->svr = SVR_ENABLE | 0xff;
    for (int i = 0; i < LVT_COUNT; i++)
        lapic->lvt[i] = LVT_MASKED;
    lapic->lvt[LVT_LINT0] = MODE_EXTINT << 8;
}

static const char *restore(void *device, const void *from) {
    struct lapic *lapic = device;
    const struct lapic *saved = from;
    uint64_t count_max = (uint64_t)UINT32_MAX * 128;
    if ((saved->base_msr & ~BASE_ENABLE) != (LAPIC_ADDRESS | BASE_BSP))
        return "the local APIC's address";
    if (saved->tpr > 0xff || saved->svr > 0x1ff || (saved->divide & ~0xbu) || (saved->id & 0xffffff))
        return "a register of the local APIC";
    if (saved->next_ns && (!saved->period_ns || saved->period_ns > count_max || saved->next_ns > bh_time_ns() + saved->period_ns))
        return "the local APIC's timer";
    if ((saved->irr[0] | saved->isr[0]) & 0xffff)
        return "a vector in the local APIC";
    for (int i = 0; i < LVT_COUNT; i++)
        if (saved->lvt[i] & ~lvt_kept[i] & ~LVT_MASKED)
            return "the local APIC's vector table";
    DEVICE_TAKE(lapic, saved, base_msr);
    return NULL;
}

const struct device_model lapic_model = {
    .name = "lapic", .access_max = 4, .reset = reset, .read = read, .write = write, .tick = tick, .restore = restore};
