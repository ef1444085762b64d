// SPDX-License-Identifier: MIT
//
// A ring joins one client to one server: typed requests one way, completions the other.
//
//   header page      kernel RW, both RO   geometry, epoch, whether the server is up
//   request pages    client RW, server RO the log of requests in flight, and the order of submission
//   completion pages server RW, client RO completions
//
// Trust: each side may change its own pages at any time to anything. Every index and entry is copied
// out once and checked. A crashing server cannot damage the log: it cannot write the request pages.
//
// Restart: when the server dies the kernel zeroes the completion pages and increments `epoch`. The
// client sees the new epoch, resets its completion index to 0, says so in `epoch_seen` and signals: the
// requests whose slots are not FREE are the log. The new server waits until `epoch_seen` is its own epoch,
// since until then the client may still be taking what the old one answered; then it processes every such
// slot in the order of `sequence`, then goes on from `submit_tail` as it was when it attached.
// tests/models/ring.pml is this protocol with deaths at any instant.
#ifndef BH_ABI_RING_H
#define BH_ABI_RING_H

#include <stdbool.h>
#include <stdint.h>

#define BH_RING_MAGIC 0x474e4952u // "RING"
#define BH_RING_ENTRIES_MAX 1024
#define BH_RING_ENTRY_SIZE_MAX 512

struct bh_ring_header {
    uint32_t magic;
    uint32_t entry_count;     // power of two; slots in the request pages and entries for completions
    uint32_t request_size;    // bytes of one request's payload
    uint32_t completion_size; // bytes of one completion's payload
    uint64_t type;            // fingerprint of the ring's IDL type
    _Atomic uint32_t epoch;   // incremented at each death of the server
    _Atomic uint32_t server_up;
    _Atomic uint32_t given_up; // 1: nobody will answer before an operator starts the server again, which begins a new epoch. The client ends what is in flight itself
    _Atomic uint32_t trial;   // 1: the server's image is a new one, and not kept yet. A client takes no error from it: see BH_ACCUSE_TRIAL
};

// Added to the epoch in the run-time call ring_accuse: not a breach, but the server answers with an error while it is on trial. The image before it is put
// back, and answers the request, which is still in flight. BH_EAGAIN: it is not on trial any more.
#define BH_ACCUSE_TRIAL (1u << 31)

// CANCEL: in flight like BUSY, but the client would rather not have it done. A server that finds this when it takes the request from
// the order completes it with BH_ECANCELED without having begun it; one that finds it in the log does it, since a predecessor may have begun.
enum bh_ring_slot_state : uint32_t { BH_SLOT_FREE = 0, BH_SLOT_BUSY = 1, BH_SLOT_CANCEL = 2 };

// Head of each request slot; the payload follows, the whole padded to 64 bytes.
struct bh_ring_slot {
    _Atomic uint32_t state;
    uint32_t reserved;
    uint64_t sequence; // 1, 2, 3, ... in order of submission
};

// At the start of the request pages. The order array (uint32_t slot numbers, entry_count of them)
// follows at BH_RING_ORDER, the slots after it at the next multiple of 64.
struct bh_ring_requests {
    _Atomic uint32_t submit_tail;     // free-running count of submissions
    uint32_t pad0[15];
    _Atomic uint32_t completion_event; // client wants a signal when completion_tail moves past this
    _Atomic uint32_t epoch_seen;       // client takes no completion of an earlier epoch any more
    uint32_t pad1[14];
};
#define BH_RING_ORDER 128

// At the start of the completion pages; entries follow at BH_RING_COMPLETIONS, each a
// struct bh_ring_completion, its payload, padded to 16 bytes.
struct bh_ring_completions {
    _Atomic uint32_t completion_tail; // free-running
    uint32_t pad0[15];
    _Atomic uint32_t submit_event; // server wants a signal when submit_tail moves past this
    uint32_t pad1[15];
};
#define BH_RING_COMPLETIONS 128

struct bh_ring_completion {
    uint32_t slot;
    int32_t status; // bh_error
    uint64_t sequence; // of the request: tells a stale completion from a right one
};

// Errors are small and negative. A server that says something else is broken: one bit that flips in a success makes no error of it.
#define BH_RING_STATUS_LEAST (-4095)
static inline bool bh_ring_status_is_one(int32_t status) {
    return status <= 0 && status >= BH_RING_STATUS_LEAST;
}

// Filled in by the run-time call ring_attach.
struct bh_ring_info {
    uint64_t header;      // addresses in the caller's slot
    uint64_t requests;
    uint64_t completions;
    uint64_t type;
    uint32_t entry_count;
    uint32_t request_size;
    uint32_t completion_size;
    uint32_t epoch;
    uint32_t is_server;
    uint32_t submit_event;     // bh_cap: client signals it, server waits on it
    uint32_t completion_event; // bh_cap: server signals it (and the kernel at each death), client waits on it
    uint32_t buffer;           // bh_cap of the data buffer that the ring's offsets refer to, or 0
};

#endif
