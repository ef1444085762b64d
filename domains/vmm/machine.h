// SPDX-License-Identifier: MIT
//
// The guest's machine: its memory, its chips, who answers at which port and address, and how interrupts reach the vCPU.
//
//   device --machine_set_irq--> 8259 pair ----LINT0---> vCPU
//          \------------------> I/O APIC --> local APIC --^
//          ---machine_message (MSI-X)----------^
//
// It lies in memory that outlasts this domain (kept.h); each change is saved first (undo.h), so that a new instance of the vmm can go on with it.
//
// Locking: `lock` guards everything here. It is not held across calls into other domains: what must go out is noted in
// `output_ready`, `disk_ready`, `net_ready` and `rng_ready` and done by exits.c after unlocking.
#ifndef VMM_MACHINE_H
#define VMM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acpi_pm.h"
#include "device.h"
#include "i8254.h"
#include "i8259.h"
#include "ioapic.h"
#include "lapic.h"
#include "mc146818.h"
#include "memory.h"
#include "bulkhead/mutex.h"
#include "ns16550.h"
#include "pci.h"
#include "undo.h"
#include "virtio_blk.h"
#include "virtio_net.h"
#include "virtio_rng.h"

struct bh_vcpu_state;

#define NO_EXIT (~0ull)
#define MACHINE_PORTS 0x1000
#define MACHINE_RANGES 24

struct port_range {
    const struct device_model *model;
    void *device;
    uint32_t first;
};

struct machine {
    struct guest_memory memory;
    struct bh_vcpu_state *state; // page shared with the kernel
    struct undo_log *log;
    uint32_t tsc_khz;
    struct bh_mutex lock;

    // lock: must be held for these
    union {
        struct {
            bool attention;      // an interrupt may be waiting for the vCPU
            bool timers_changed; // deadlines must be computed again
            bool output_ready;   // console output is to be written
            bool disk_ready;     // the disk's server is to be told of submissions
            bool net_ready;      // the network's server is to be told of submissions, or asked for something
            bool rng_ready;      // the guest may want random bytes
            bool stopped;        // the guest has ended
            bool changed;        // the undo log has entries
        };
        uint64_t notes; // all of these at once: 0 after most exits
    };
    uint32_t status;     // with which it ended
    uint64_t entry_rip;  // of the exit handled last; NO_EXIT: a new instance has begun none
    uint32_t cpuid_ecx;  // what the last CPUID gives to rcx
    bool has_disk, has_net, has_rng;
    bool ask_again;      // after a restart: the exit in hand is to be asked anew
    bool first;          // no exit was answered since the restart
    uint32_t tries;      // instances before this one that died in the exit with which this one begins
    uint64_t pat;        // MSR

    struct lapic lapic;
    struct ioapic ioapic;
    struct i8259 pic;
    struct i8254 pit;
    struct mc146818 rtc;
    struct ns16550 uart;
    uint32_t typed;      // position, at the console, behind what the serial port has of what was typed
    struct acpi_pm pm;
    struct pci pci;
    struct virtio_blk disk;
    struct virtio_net net;
    struct virtio_rng rng;

    struct port_range ranges[MACHINE_RANGES]; // 0: nobody
    uint32_t range_count;
    uint8_t ports[MACHINE_PORTS]; // index into ranges
    uint8_t reported[MACHINE_PORTS / 8]; // unknown ports named in the log already
};
static_assert(offsetof(struct machine, status) - offsetof(struct machine, notes) == sizeof(uint64_t));

// Put all chips in their place and reset them. `memory`, `state` and `log` are set before, all else is 0.
void machine_create(struct machine *machine);
void machine_reset(struct machine *machine);

uint32_t machine_port_read(struct machine *machine, uint32_t port, uint32_t size);
void machine_port_write(struct machine *machine, uint32_t port, uint32_t size, uint32_t value);
// Memory-mapped access; size 1, 2, 4 or 8. Unknown addresses read all ones.
uint64_t machine_mmio_read(struct machine *machine, gpa address, uint32_t size);
void machine_mmio_write(struct machine *machine, gpa address, uint32_t size, uint64_t value);

// An interrupt line of the PC, 0 to 15.
void machine_set_irq(struct machine *machine, uint32_t irq, bool asserted);
// A message-signalled interrupt.
void machine_message(struct machine *machine, uint64_t address, uint32_t data);

// Bring all clocked chips up to now and put the next deadline in the shared page.
void machine_tick(struct machine *machine);
// Put the interrupt to inject into the shared page, or ask for a window.
void machine_deliver(struct machine *machine);

// Take over the state of an earlier instance's machine, but for PCI and what is on it. NULL, or what is wrong with it.
const char *machine_restore(struct machine *machine, const struct machine *saved);

// The guest ends with `status`; `why` completes the sentence "the guest ...".
void machine_stop(struct machine *machine, uint32_t status, const char *why);

#endif
