// SPDX-License-Identifier: MIT
//
// Functions entered as what they are not: through pointers of another type, and by the kernel.
#include <bulkhead/domain.h>

#include "misbehave.h"
#include "runtime/calls.h"
#include "victim.h"

typedef uint64_t taker(uint64_t first, uint64_t second);
typedef uint64_t clock_function(void);

void unlabelled(void); // hostile.S

static char word[] = "data, and the C compiler lets it be called";

static uint64_t one_word(uint64_t first) {
    return first + 1;
}

// Volatile: a call whose callee the compiler knows needs no check.
static taker *volatile two_words;
static void (*volatile nothing)(void);
static clock_function *volatile clock_pointer;
static void (*volatile yield_pointer)(void);

[[gnu::noinline]] static enum bh_error call_two_words(uint64_t *value) {
    *value = two_words(1, 2);
    return BH_OK;
}

[[gnu::noinline]] static enum bh_error call_nothing(uint64_t *value) {
    nothing();
    *value = 1;
    return BH_OK;
}

[[gnu::noinline]] static uint64_t jump_two_words(uint64_t first) {
    return two_words(first, first);
}

static enum bh_error call_stubs(uint64_t *value) {
    clock_pointer = bh_call_time;
    yield_pointer = bh_call_yield;
    uint64_t before = clock_pointer();
    yield_pointer();
    *value = before && clock_pointer() >= before ? 3 : 0;
    return BH_OK;
}

static enum bh_error serve_other_type(const char *port) {
    uint64_t addresses[16];
    for (int i = 0; i < 16; i++)
        addresses[i] = (uint64_t)one_word;
    return bh_serve(port, BH_VICTIM_ID, BH_VICTIM_FINGERPRINT, addresses, 16, NULL);
}

enum bh_error break_types(enum misbehaviour kind, const char *port, uint64_t *value) {
    two_words = (taker *)(void *)one_word;
    switch (kind) {
    case MISBEHAVE_CALL_OTHER_TYPE:
        return call_two_words(value);
    case MISBEHAVE_CALL_UNLABELLED:
        nothing = unlabelled;
        return call_nothing(value);
    case MISBEHAVE_CALL_DATA:
        nothing = (void (*)(void))(void *)word;
        return call_nothing(value);
    case MISBEHAVE_CALL_NULL:
        nothing = NULL;
        return call_nothing(value);
    case MISBEHAVE_JUMP_OTHER_TYPE:
        *value = jump_two_words(3);
        return BH_OK;
    case MISBEHAVE_SERVE_OTHER_TYPE:
        return serve_other_type(port);
    case MISBEHAVE_THREAD_OTHER_TYPE:
        *value = 0; // no thread has run
        return bh_thread_create((bh_thread_function *)(void *)call_two_words, 0, 2);
    case MISBEHAVE_CALL_STUBS:
        return call_stubs(value);
    default:
        return BH_EINVAL;
    }
}
