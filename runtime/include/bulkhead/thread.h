// SPDX-License-Identifier: MIT
//
// Threads and events of the calling domain, and time.
#ifndef BULKHEAD_THREAD_H
#define BULKHEAD_THREAD_H

#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

typedef void bh_thread_function(uint64_t argument);

// Start a thread of this domain. Priority 0 (highest) to 3, at best that of the manifest.
enum bh_error bh_thread_create(bh_thread_function *function, uint64_t argument, uint32_t priority);
[[noreturn]] void bh_thread_exit(void); // one that came in by a call is its caller's: to end that is a breach of the protocol
void bh_yield(void);

uint64_t bh_time_ns(void); // since the machine started
void bh_sleep_until(uint64_t time_ns);
void bh_sleep_for(uint64_t duration_ns);

// An event remembers at most one signal: a signal with no waiter is taken by the next one.
enum bh_error bh_event_create(bh_cap *event);
enum bh_error bh_event_signal(bh_cap event);
// Sleep until signalled. `deadline_ns` is absolute, 0 for no limit. BH_ETIMEDOUT.
enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns);

#endif
