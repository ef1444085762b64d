// SPDX-License-Identifier: MIT
//
// Faults of devices. The interrupt only wakes a thread of the kernel, which takes the faults off record (that silences each device at once, so that one
// cannot keep us busy), finds whose devices they are of, and kills those domains. Invariant: a fault that is on record when a domain dies is never blamed
// on the instance that comes after it.
#include "kernel/domain/dma.h"

#include <stdio.h>

#include "kernel/abi/slot.h"
#include "kernel/abi/pci.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/resources.h"
#include "kernel/platform/device.h"
#include "kernel/sched/thread.h"

#define PRIORITY 0
#define PAUSE_NS 10000000ull // after faults of nobody's devices, which may go on for ever

static struct {
    bool pending;
    struct platform_dma_fault fault;
} faults[BH_SLOT_COUNT]; // by domain: the first of a device that it has open
static struct event event;

static void describe(const struct platform_dma_fault *fault, char *text, size_t size) {
    snprintf(text, size, "device " BH_PCI_ADDRESS " tried to %s 0x%llx: %s", BH_PCI_ADDRESS_WORDS(fault->source),
             fault->write ? "write to" : "read from", (unsigned long long)fault->address, fault->words);
}

// Returns whether there was one of a device that nobody has open.
static bool collect(void) {
    struct platform_dma_fault fault;
    char text[BH_CRASH_TEXT_SIZE];
    bool strays = false;
    while (platform_dma_take_fault(&fault)) {
        const struct domain *holder = resources_holder_of(fault.source);
        if (holder && !faults[holder->id].pending) {
            faults[holder->id].pending = true;
            faults[holder->id].fault = fault;
        } else if (!holder) {
            describe(&fault, text, sizeof(text));
            (void)refuse(BH_ERIGHTS, "iommu: %s; nobody has it open", text);
            strays = true;
        }
    }
    return strays;
}

void dma_blame(const struct domain *domain, enum bh_crash_cause *cause, uint64_t *address, char *text, size_t size) {
    (void)collect();
    if (!faults[domain->id].pending)
        return;
    *cause = BH_CRASH_DMA;
    *address = faults[domain->id].fault.address;
    describe(&faults[domain->id].fault, text, size);
}

void dma_domain_died(const struct domain *domain) {
    (void)collect();
    faults[domain->id].pending = false;
}

static void raise(void *unused) {
    (void)unused;
    event_raise(&event);
}

static void watch(void *unused) {
    (void)unused;
    for (;;) {
        bool strays = collect();
        for (uint32_t id = 1; id < BH_SLOT_COUNT; id++)
            if (faults[id].pending)
                crash_domain(domain_get(id), BH_CRASH_DMA, NULL, faults[id].fault.address, "by a device");
        if (strays)
            (void)thread_sleep(clock_now_ns() + PAUSE_NS);
        (void)platform_dma_watch(raise, NULL);
        (void)event_wait(&event, 0);
    }
}

void dma_start(void) {
    if (platform_dma_watch(raise, NULL) && thread_create_servant("dma", watch, PRIORITY) != BH_OK)
        panic("no memory for the thread that watches devices; give the machine more");
}
