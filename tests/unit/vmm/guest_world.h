// SPDX-License-Identifier: MIT
//
// A machine with a guest that drives its disk, and the kernel's part of an exit.
#ifndef TEST_VMM_GUEST_WORLD_H
#define TEST_VMM_GUEST_WORLD_H

#include "exits.h"
#include "fixture.h"

#define TABLE 0x200000u
#define AVAILABLE 0x201000u
#define USED 0x202000u
#define HEADER 0x203000u
#define STATUS_BYTE 0x203100u
#define DATA 0x300000u
#define VECTOR 0x61

static uint32_t bar0, bar1;

static inline void put16(gpa address, uint32_t value) {
    machine_mmio_write(machine, address, 2, value);
}

static inline uint32_t config_read(uint32_t offset, uint32_t size) {
    guest_out(0xcf8, 4, 0x80000800u | (offset & 0xfc));
    return guest_in(0xcfc + (offset & 3), size);
}

// A guest with a disk that interrupts by MSI-X, a timer, and its serial port.
static inline void create(void) {
    fixture_create();
    fixture_add_disk(0);
    bar0 = config_read(0x10, 4);
    bar1 = config_read(0x14, 4);
    for (uint32_t at = config_read(0x34, 1); at; at = config_read(at + 1, 1))
        if (config_read(at, 1) == 0x11) {
            guest_out(0xcf8, 4, 0x80000800u | (at & 0xfc));
            guest_out(0xcfc + 2, 2, 0x8000);
        }
    for (uint32_t i = 0; i < 2; i++) {
        mmio_write(bar1 + 16 * i, LAPIC_ADDRESS);
        mmio_write(bar1 + 16 * i + 8, VECTOR - 1 + i);
        mmio_write(bar1 + 16 * i + 12, 0);
    }
    machine_mmio_write(machine, bar0 + 20, 1, 3);
    mmio_write(bar0 + 8, 1);
    mmio_write(bar0 + 12, 1);
    machine_mmio_write(machine, bar0 + 20, 1, 11);
    put16(bar0 + 24, 16);
    put16(bar0 + 26, 1);
    machine_mmio_write(machine, bar0 + 32, 8, TABLE);
    machine_mmio_write(machine, bar0 + 40, 8, AVAILABLE);
    machine_mmio_write(machine, bar0 + 48, 8, USED);
    put16(bar0 + 28, 1);
    machine_mmio_write(machine, bar0 + 20, 1, 15);
    guest_kicked();
}

// Two writes to different places wait in the queue; the driver has not been told.
static inline void offer_two(void) {
    uint16_t *available = memory_at(&machine->memory, AVAILABLE, 64);
    for (uint32_t i = 0; i < 2; i++) {
        struct {
            uint32_t type, reserved;
            uint64_t sector;
        } header = {1, 0, 8 * i};
        memory_write(&machine->memory, HEADER + 16 * i, &header, sizeof(header));
        guest_describe(TABLE, 3 * i, HEADER + 16 * i, 16, 1, (uint16_t)(3 * i + 1));
        guest_describe(TABLE, 3 * i + 1, DATA + 4096 * i, 512, 1, (uint16_t)(3 * i + 2));
        guest_describe(TABLE, 3 * i + 2, STATUS_BYTE + i, 1, 2, 0);
        available[2 + i] = (uint16_t)(3 * i);
    }
    available[1] = 2;
    memset(memory_at(&machine->memory, STATUS_BYTE, 2), 0xaa, 2);
}

// ---- the kernel

static struct exit {
    uint32_t reason;
    uint64_t info1, info2, rax, rcx;
} hand; // the exit in hand, as the kernel has it
static uint64_t hand_rip;

static inline void describe_exit(void) {
    state.reason = hand.reason;
    state.info1 = hand.info1;
    state.info2 = hand.info2;
    state.rax = hand.rax;
    state.rip = hand_rip;
    state.exit_rip = hand_rip;
    state.rflags = 0x202;
    state.interruptible = 1;
    state.pending_event = 0;
}

static inline void answer_exit(void) {
    (void)exits_handle(machine);
}

#define OUT(port, size) ((uint64_t)(port) << 16 | (size) << 4)
#define IN(port, size) (OUT(port, size) | 1)

#endif
