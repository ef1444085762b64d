// SPDX-License-Identifier: MIT
//
// The fixed run-time calls as C sees them; see kernel/abi/calls.def. For the runtime's own use.
#ifndef BH_RUNTIME_CALLS_H
#define BH_RUNTIME_CALLS_H

#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/buffer.h"
#include "kernel/abi/call.h"
#include "kernel/abi/error.h"
#include "kernel/abi/ring.h"

extern volatile bool bh_hangs; // set by System.inject: who waits for an event waits for ever (runtime/inject.c)

void bh_call_exit(uint64_t status);
void bh_call_panic(const char *text, size_t size);
void bh_call_log(enum bh_log_level level, const char *text, size_t size);
void bh_call_yield(void);
uint64_t bh_call_time(void);
void bh_call_sleep(uint64_t until_ns);
enum bh_error bh_call_thread_create(void *entry, uint64_t argument, uint32_t priority);
void bh_call_thread_exit(void);
void *bh_call_heap_grow(size_t size);
enum bh_error bh_call_event_create(bh_cap *event);
enum bh_error bh_call_event_signal(bh_cap event);
enum bh_error bh_call_event_wait(bh_cap event, uint64_t deadline_ns);
enum bh_error bh_call_cap_find(const char *name, size_t size, bh_cap *cap);
enum bh_error bh_call_cap_drop(bh_cap cap);
enum bh_error bh_call_cap_derive(bh_cap cap, uint32_t rights, uint32_t badge, bh_cap *derived);
enum bh_error bh_call_cap_revoke(bh_cap cap);
enum bh_error bh_call_cap_list(uint32_t index, struct bh_cap_info *info);
uint64_t bh_call_badge(void);
enum bh_error bh_call_cap_accept(void);
enum bh_error bh_call_cap_answer(bh_cap cap);
enum bh_error bh_call_cap_taken(bh_cap *cap);
enum bh_error bh_call_port_serve(const struct bh_serve *serve);
enum bh_error bh_call_buffer_alloc(size_t size, bh_cap *buffer, void **address);
enum bh_error bh_call_buffer_map(bh_cap buffer, uint32_t rights, void **address);
enum bh_error bh_call_buffer_unmap(bh_cap buffer);
enum bh_error bh_call_buffer_info(bh_cap buffer, struct bh_buffer_info *info);
enum bh_error bh_call_ring_attach(bh_cap ring, struct bh_ring_info *info);
enum bh_error bh_call_ring_accuse(bh_cap ring, uint64_t value, const char *what, size_t size, uint32_t epoch);
enum bh_error bh_call_ring_forward(bh_cap ring, bh_cap event);

#endif
