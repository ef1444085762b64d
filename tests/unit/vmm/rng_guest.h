// SPDX-License-Identifier: MIT
//
// A guest's driver for its source of entropy, which stands on the bus behind the disk, if there is one.
#ifndef TEST_VMM_RNG_GUEST_H
#define TEST_VMM_RNG_GUEST_H

#include "fixture.h"

#define RNG_TABLE 0x500000u
#define RNG_AVAILABLE 0x501000u
#define RNG_USED 0x502000u
#define RNG_DATA 0x510000u
#define RNG_SIZE 16u
#define RNG_WRITE 2

static uint32_t rng_bar;

static inline void rng_status(uint8_t status) {
    machine_mmio_write(machine, rng_bar + 20, 1, status);
}

// Reset it and make it ready.
static inline void rng_drive(void) {
    rng_status(0);
    rng_status(3);
    mmio_write(rng_bar + 8, 1);
    mmio_write(rng_bar + 12, 1);
    rng_status(11);
    memset(memory_at(&machine->memory, RNG_TABLE, 0x3000), 0, 0x3000);
    machine_mmio_write(machine, rng_bar + 24, 2, RNG_SIZE);
    machine_mmio_write(machine, rng_bar + 32, 8, RNG_TABLE);
    machine_mmio_write(machine, rng_bar + 40, 8, RNG_AVAILABLE);
    machine_mmio_write(machine, rng_bar + 48, 8, RNG_USED);
    machine_mmio_write(machine, rng_bar + 28, 2, 1);
    rng_status(15);
}

static inline void rng_create(void) {
    fixture_add_rng();
    guest_out(0xcf8, 4, 0x80000010u | (machine->pci.function_count - 1) << 11);
    rng_bar = guest_in(0xcfc, 4);
    guest_out(0xcf8, 4, 0x80000004u | (machine->pci.function_count - 1) << 11);
    guest_out(0xcfc, 2, 6);
    rng_drive();
}

static inline void rng_set(uint32_t index, uint64_t address, uint32_t size, uint16_t flags, uint16_t next) {
    guest_describe(RNG_TABLE, index, address, size, flags, next);
}

static inline void rng_offer(uint16_t head) {
    guest_offer(RNG_AVAILABLE, RNG_SIZE, head);
}

static inline uint8_t *rng_bytes(uint32_t at) {
    return memory_at(&machine->memory, RNG_DATA + at, 1);
}

#endif
