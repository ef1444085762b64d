// SPDX-License-Identifier: MIT
//
// Threads, events, time: thin wrappers over the run-time calls.
#include "bulkhead/thread.h"

#include "runtime/calls.h"

volatile bool bh_hangs;

enum bh_error bh_thread_create(bh_thread_function *function, uint64_t argument, uint32_t priority) {
    return bh_call_thread_create((void *)function, argument, priority);
}

[[noreturn]] void bh_thread_exit(void) {
    bh_call_thread_exit();
    __builtin_trap();
}

void bh_yield(void) {
    bh_call_yield();
}

uint64_t bh_time_ns(void) {
    return bh_call_time();
}

void bh_sleep_until(uint64_t time_ns) {
    bh_call_sleep(time_ns);
}

void bh_sleep_for(uint64_t duration_ns) {
    bh_call_sleep(bh_call_time() + duration_ns);
}

enum bh_error bh_event_create(bh_cap *event) {
    return bh_call_event_create(event);
}

enum bh_error bh_event_signal(bh_cap event) {
    return bh_call_event_signal(event);
}

enum bh_error bh_event_wait(bh_cap event, uint64_t deadline_ns) {
    while (bh_hangs)
        bh_call_sleep(UINT64_MAX);
    return bh_call_event_wait(event, deadline_ns);
}
