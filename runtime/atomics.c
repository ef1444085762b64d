// SPDX-License-Identifier: MIT
//
// Atomic objects that no instruction covers: C11's `_Atomic' structures of odd or large size. All of them share one lock; a thread that
// finds it taken gives way. The names and arguments are the compilers' own (libatomic's).
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/calls.h"

static unsigned lock;

static void take(void) {
    while (__atomic_exchange_n(&lock, 1u, __ATOMIC_ACQUIRE))
        bh_call_yield();
}

static void give(void) {
    __atomic_store_n(&lock, 0u, __ATOMIC_RELEASE);
}

// clang knows these names, with types that it makes up: so they are defined under others.
#define NAMED(name) __asm__(name)

void atomic_load_any(size_t size, const void *object, void *to, int order) NAMED("__atomic_load");
void atomic_store_any(size_t size, void *object, const void *from, int order) NAMED("__atomic_store");
void atomic_exchange_any(size_t size, void *object, const void *from, void *to, int order) NAMED("__atomic_exchange");
bool atomic_compare_any(size_t size, void *object, void *expected, const void *wanted, int good, int bad) NAMED("__atomic_compare_exchange");

void atomic_load_any(size_t size, const void *object, void *to, int order) {
    (void)order;
    take();
    memcpy(to, object, size);
    give();
}

void atomic_store_any(size_t size, void *object, const void *from, int order) {
    (void)order;
    take();
    memcpy(object, from, size);
    give();
}

void atomic_exchange_any(size_t size, void *object, const void *from, void *to, int order) {
    (void)order;
    take();
    memcpy(to, object, size);
    memcpy(object, from, size);
    give();
}

bool atomic_compare_any(size_t size, void *object, void *expected, const void *wanted, int good, int bad) {
    (void)good, (void)bad;
    take();
    bool same = memcmp(object, expected, size) == 0;
    memcpy(same ? object : expected, same ? wanted : object, size);
    give();
    return same;
}
