// SPDX-License-Identifier: MIT
//
// Interrupts in the hands of domains: each raises one event. One that comes without end is a storm: what raises it is silenced, and its holder dies of it.
//
// What is a storm: interrupts of one source that take half of a processor, with nothing else done for them, in INTERRUPTS_WINDOWS windows of
// INTERRUPTS_WINDOW_NS one after the other. One interrupt costs what the platform measured (irq_cost_ns), and one that wakes its driver INTERRUPTS_WAKE times as
// much. Where the former is a microsecond these are 500,000 a second, or 125,000 that each find the driver asleep. Honest devices stay below: virtio's interrupt
// once for each time that the driver has gone to sleep, NVMe's at most once for each request, and a driver that has requests to serve that fast does not sleep;
// what it left in a queue may end all at once, which is a burst of some hundreds, less than those windows hold.
#ifndef BH_INTERRUPTS_H
#define BH_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"

struct cap;
struct domain;
struct event_object;

#define INTERRUPTS_WINDOW_NS 2000000ull
#define INTERRUPTS_WINDOWS 4
#define INTERRUPTS_WAKE 4

enum { INTERRUPT_LINE = UINT32_MAX }; // as `device`: `entry` is an ISA line

struct binding { // an interrupt and whom it tells
    struct event_object *event; // NULL: none
    struct domain *holder; // read by tools/campaign/faults.py, too
    uint32_t vector;
    uint32_t device, entry; // what raises it: a PCI function and its MSI-X entry
    struct binding *next;   // of those that have an event
    bool storms;            // too many came: its source is silent, and its holder about to die
    uint32_t cost;          // of those in this window, in irq_cost_ns
    uint32_t windows;       // before this one that were too short
    uint32_t count;         // of interrupts in those and this one
    uint64_t since_ns;      // when this one began
    uint64_t first_ns;      // and the first of those
};

// Give `binding`, whose source is told, a vector (if it has none) and this event. The source may raise it when this has returned BH_OK. BH_EDEAD: it storms.
enum bh_error interrupt_bind(struct binding *binding, struct domain *holder, struct cap *event);
void interrupt_unbind(struct binding *binding);
// Crash injection: for a second all interrupts of `domain` get lost, or are told again and again, or raised without end. BH_ENOTSUP: it has none.
enum bh_error interrupts_lose(struct domain *domain);
enum bh_error interrupts_repeat(struct domain *domain);
enum bh_error interrupts_storm(struct domain *domain);

#endif
