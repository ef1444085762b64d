// SPDX-License-Identifier: MIT
//
// What is kept of a domain that dies (kernel/abi/core.h): in a buffer that somebody offered.
#ifndef BH_CORE_H
#define BH_CORE_H

#include "kernel/abi/error.h"

struct buffer;
struct domain;
struct event_object;
struct thread;
struct trap_frame;

// Write the next death (of any domain but `holder`) into `buffer` and raise `event`; once. The buffer is one of the manifest's, which stay.
// Holds a reference to the event.
enum bh_error core_offer(const struct domain *holder, struct buffer *buffer, struct event_object *event);
void core_withdraw(void);
void core_holder_died(const struct domain *domain);
// `domain` is dead, all processors stand still, its memory and threads are as they were. `frame` is where the current thread was interrupted.
void core_write(const struct domain *domain, const struct trap_frame *frame);

#endif
