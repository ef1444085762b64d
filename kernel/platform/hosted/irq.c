// SPDX-License-Identifier: MIT
//
// The interrupt flag is a byte; a timer signal that comes while it is clear is noted, and comes again a little later by itself, or when
// kernel code is left. There are no devices on this platform.
#include <signal.h>
#include <unistd.h>

#include "kernel/base.h"
#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"

#define REPLAY_NS 20000

uint8_t platform_irq_enabled; // the interrupt flag; assembly: gate.inc
uint8_t platform_irq_pending;
uint64_t irq_cost_ns = 1000; // nobody asks

void irq_replay(void) {
    platform_irq_pending = 0;
    clock_arm(clock_now_ns() + REPLAY_NS);
}

void irq_before_resume(void) {
    if (platform_irq_pending)
        irq_replay();
}

bool irq_disable(void) {
    bool enabled = platform_irq_enabled;
    platform_irq_enabled = 0;
    return enabled;
}

void irq_restore(bool enabled) {
    if (enabled && platform_irq_pending)
        irq_replay();
    platform_irq_enabled = enabled;
}

void irq_window(void) {
}

enum bh_error irq_allocate(irq_handler *handler, void *context, uint32_t *vector) {
    (void)handler;
    (void)context;
    (void)vector;
    return refuse(BH_ENOTSUP, "irq_allocate: the hosted platform has no device interrupts");
}

void irq_release(uint32_t vector) {
    (void)vector;
}

void irq_message(uint32_t vector, uint64_t *address, uint32_t *data) {
    (void)vector;
    *address = 0;
    *data = 0;
}

enum bh_error irq_legacy(uint32_t isa_irq, uint32_t vector) {
    (void)vector;
    return refuse(BH_ENOTSUP, "irq_legacy: the hosted platform has no interrupt %u", isa_irq);
}

void irq_legacy_mask(uint32_t isa_irq) {
    (void)isa_irq;
}

void irq_raise(uint32_t vector) {
    (void)vector;
}
