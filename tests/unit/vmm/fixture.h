// SPDX-License-Identifier: MIT
//
// A whole machine on the host, with fakes in place of the kernel, the console and the disk's driver. Criterion runs each
// test in a process of its own, so the globals start fresh.
#ifndef TEST_VMM_FIXTURE_H
#define TEST_VMM_FIXTURE_H

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "block.h"
#include "bulkhead/net_client.h"
#include "guest.h"
#include "kept.h"
#include "machine.h"

#define FIXTURE_MEMORY (64u << 20)
#define MS 1000000ull

extern struct machine *machine;   // the one in use of `kept`
extern struct kept kept;
extern struct bh_vcpu_state state;
extern uint64_t fake_now_ns;
extern char fake_log[65536];       // all lines logged
extern char fake_console[65536];   // all that went to the console
extern uint32_t fake_kicks, fake_disk_bells, fake_rng_bells;

// The disk's ring, with a driver that does what the test says: what was submitted, and completions to be taken.
#define FAKE_RING_ENTRIES 8
extern struct bh_block_request fake_requests[64];
extern uint32_t fake_slots[64]; // theirs
uint32_t fake_request_count(void); // the driver takes all that was submitted; how many in all
void fake_complete(uint32_t slot, enum bh_error status);
extern struct bh_ring fake_ring;
void fake_driver_restarts(void); // what it took and did not complete is submitted to it once more

// The vmm dies and its successor takes over: NULL, or why it cannot. *again: the exit in hand is to be asked anew.
const char *fixture_restart(bool *again);

// The network's rings and pool.
#define FAKE_NET_ENTRIES 32
#define FAKE_POOL (72 * BH_NET_CELL)
struct fake_completion {
    uint32_t slot;
    enum bh_error status;
    struct bh_net_receive_completion payload;
};
struct fake_ring_state {
    bool busy[FAKE_NET_ENTRIES];
    uint8_t requests[FAKE_NET_ENTRIES][sizeof(struct bh_net_transmit_request)];
    uint32_t submitted, order[1024]; // slots, as they were submitted
    uint32_t completed, taken;
    struct fake_completion completions[1024];
};
extern struct fake_ring_state fake_transmit, fake_receive;
extern struct bh_net_client fake_net;
extern uint8_t fake_pool[FAKE_POOL];
extern uint32_t fake_net_bells;
void fake_net_complete(struct fake_ring_state *of, uint32_t slot, enum bh_error status, const struct bh_net_receive_completion *payload);

// Memory, machine and CPUID, in 64-bit mode with interrupts on and paging one to one.
void fixture_create(void);
void fixture_add_disk(uint32_t read_only);
void fixture_net_rings(void); // their facts alone
void fixture_add_net(uint32_t offloads);
void fixture_add_rng(void);

// Run one exit through exits_handle().
void run_exit(uint32_t reason, uint64_t info1, uint64_t info2);
uint32_t guest_in(uint32_t port, uint32_t size);
void guest_out(uint32_t port, uint32_t size, uint32_t value);
void pic_start(void); // the 8259 pair, with vectors from 0x20 and from 0x28
bool guest_rdmsr(uint32_t msr, uint64_t *value); // false: #GP
bool guest_wrmsr(uint32_t msr, uint64_t value);
void guest_kicked(void);
// As a guest's driver does it: descriptor `index' of a table, and the head of a chain in an available ring of `size' entries.
void guest_describe(gpa table, uint32_t index, uint64_t address, uint32_t size, uint16_t flags, uint16_t next);
void guest_offer(gpa available, uint32_t size, uint16_t head);
// Access device memory by machine_mmio_*.
uint32_t mmio_read(gpa address);
void mmio_write(gpa address, uint32_t value);

// Let time pass; fires what is due.
void advance(uint64_t ns);
// The vector that the vCPU was given, -1: none; then forget it.
int taken_vector(void);

#endif
