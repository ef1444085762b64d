// SPDX-License-Identifier: MIT
//
// The domain author's API, in one include. A domain is a C program with `int main(void)`: it finds what the
// manifest granted (cap.h), serves ports, makes threads and events (thread.h), uses rings and buffers
// (ring.h, buffer.h), and logs (log.h). Calls to other domains go through the client functions that bhidl
// generates from idl/*.bidl (#include "block.h"). The C library is musl.
//
// Errors: every function that can fail returns enum bh_error, 0 or negative; results come through the last
// parameters and are written only on success. BH_EDEAD means that the domain called is dead: it may have
// done the work or not, and the call may be repeated after its restart where the interface says `idempotent`.
#ifndef BULKHEAD_DOMAIN_H
#define BULKHEAD_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/abi/call.h"
#include "kernel/abi/error.h"

#include "bulkhead/buffer.h"
#include "bulkhead/cap.h"
#include "bulkhead/log.h"
#include "bulkhead/ring.h"
#include "bulkhead/thread.h"

// Serve `object` behind the port that the manifest names `name`. `methods` has `method_count` addresses; the
// generated header has a wrapper, e.g. block_serve("disk", &my_block_methods, object).
enum bh_error bh_serve(const char *name, uint32_t interface, uint64_t fingerprint,
                       const uint64_t *methods, uint32_t method_count, void *object);

// How long a client that cannot begin without a server asks it again while bh_may_pass() says so of its answers: many times what a driver needs to start, or to be
// restarted, on an emulated machine; after that nobody restarts it any more.
#define BH_SERVER_WAIT_NS 10000000000ull

// Whether a call that failed so may go well in a while: its server is dead at the moment, or out of memory, so that there is no stack in it for the caller.
static inline bool bh_may_pass(enum bh_error error) {
    return error == BH_EDEAD || error == BH_ENOMEM;
}

// The sentence for an error code. Never NULL; static.
const char *bh_strerror(enum bh_error error);

// The words for why a domain died (enum bh_crash_cause). Never NULL; static.
const char *bh_crash_cause_name(uint32_t cause);

// Crash this domain with a message (printf style). For its own broken invariants, not for bad input.
[[noreturn]] void bh_panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Whether something failed for want of what a healthy instance has enough of, or of a server that will be back: worth another instance.
static inline bool bh_is_want(enum bh_error error) {
    return bh_may_pass(error) || error == BH_EQUOTA;
}

// This domain cannot begin its work: what main() returns then. For want of something it ends by a crash instead, so that it is started again as its manifest says.
static inline int bh_not_started(const char *what, enum bh_error error) {
    if (bh_is_want(error))
        bh_panic("%s: %s", what, bh_strerror(error));
    bh_error_log("%s: %s", what, bh_strerror(error));
    return 1;
}

// As bh_event_wait(), for an event of one's own in a loop: who has lost it would go round without a pause, and keep others from the processor. It ends instead.
static inline enum bh_error bh_event_await(bh_cap event, uint64_t deadline_ns) {
    enum bh_error error = bh_event_wait(event, deadline_ns);
    if (error == BH_ECAP || error == BH_ERIGHTS)
        bh_panic("its own event %u is not there any more", event);
    return error;
}

#define BH_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : bh_panic("%s:%d: broken invariant: %s", __FILE__, __LINE__, #condition))

#endif
