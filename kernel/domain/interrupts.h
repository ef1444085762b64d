// SPDX-License-Identifier: MIT
//
// Interrupts in the hands of domains: each raises one event.
#ifndef BH_INTERRUPTS_H
#define BH_INTERRUPTS_H

#include <stdint.h>
#include "kernel/abi/error.h"

struct cap;
struct domain;
struct event_object;

struct binding { // an interrupt and whom it tells
    struct event_object *event; // NULL: none
    const struct domain *holder; // read by tools/campaign/faults.py, too
    uint32_t vector;
    struct binding *next; // of those that have an event
};

// Give `binding` a vector (if it has none) and this event.
enum bh_error interrupt_bind(struct binding *binding, const struct domain *holder, struct cap *event);
void interrupt_unbind(struct binding *binding);
// Crash injection: for a second all interrupts of `domain` get lost, or come again and again. BH_ENOTSUP: it has none.
enum bh_error interrupts_lose(struct domain *domain);
enum bh_error interrupts_repeat(struct domain *domain);

#endif
