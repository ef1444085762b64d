// SPDX-License-Identifier: MIT
//
// Atomic objects that no instruction of the baseline covers: 16 bytes, and C11's `_Atomic' structures of any size. All of them share one
// lock; a thread that finds it taken gives way. The names and arguments are the compilers' own (libatomic's).
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "runtime/calls.h"

typedef unsigned __int128 u128;

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

u128 atomic_load_16(const u128 *object, int order) NAMED("__atomic_load_16");
void atomic_store_16(u128 *object, u128 value, int order) NAMED("__atomic_store_16");
bool atomic_compare_16(u128 *object, u128 *expected, u128 wanted, int good, int bad) NAMED("__atomic_compare_exchange_16");

u128 atomic_load_16(const u128 *object, int order) {
    u128 value;
    atomic_load_any(sizeof(value), object, &value, order);
    return value;
}

void atomic_store_16(u128 *object, u128 value, int order) {
    atomic_store_any(sizeof(value), object, &value, order);
}

bool atomic_compare_16(u128 *object, u128 *expected, u128 wanted, int good, int bad) {
    return atomic_compare_any(sizeof(wanted), object, expected, &wanted, good, bad);
}

#define CHANGE(name, symbol, result)                                                               \
    u128 name(u128 *object, u128 value, int order) NAMED(symbol);                                  \
    u128 name(u128 *object, u128 value, int order) {                                               \
        (void)order;                                                                               \
        take();                                                                                    \
        u128 old = *object;                                                                        \
        *object = result;                                                                          \
        give();                                                                                    \
        return old;                                                                                \
    }
CHANGE(atomic_exchange_16, "__atomic_exchange_16", value)
CHANGE(atomic_add_16, "__atomic_fetch_add_16", old + value)
CHANGE(atomic_sub_16, "__atomic_fetch_sub_16", old - value)
CHANGE(atomic_and_16, "__atomic_fetch_and_16", old &value)
CHANGE(atomic_or_16, "__atomic_fetch_or_16", old | value)
CHANGE(atomic_xor_16, "__atomic_fetch_xor_16", old ^ value)
