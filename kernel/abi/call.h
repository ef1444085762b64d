// SPDX-License-Identifier: MIT
//
// Fixed run-time calls: numbers and the structures that they pass. See calls.def.
#ifndef BH_ABI_CALL_H
#define BH_ABI_CALL_H

#include "cap.h"
#include "slot.h"

#define CALL(index, name, arguments, sentence) BH_CALL_##name = index,
enum bh_call : uint32_t {
#include "calls.def"
};
#undef CALL

enum bh_log_level : uint32_t { BH_LOG_ERROR, BH_LOG_WARNING, BH_LOG_INFO, BH_LOG_DEBUG };
#define BH_LOG_LINE_MAX 512

#define BH_PRIORITY_SAME 0xffu // thread_create: that of the calling thread, if the manifest allows it

// Argument of port_serve. `methods` points to `method_count` addresses of functions of the caller.
struct bh_serve {
    char name[BH_CAP_NAME_SIZE]; // of the port in the manifest: "DOMAIN.INTERFACE" or a short name
    uint32_t interface;
    uint32_t method_count;
    uint64_t fingerprint;
    uint64_t methods; // address of uint64_t[method_count]
    uint64_t object;  // passed as first argument of each method
};

// A place on the caller's control stack, for setjmp. Nothing in it is trusted: the kernel looks for the frame before it goes back there.
struct bh_frame_mark {
    uint32_t frame;  // distance of the frame's own return address from the top of the control stack
    uint32_t resume; // slot offset of the instruction to go on with: behind a call of the frame's function
};

// A capability as its holder may see it, and the operator.
struct bh_cap_info {
    uint32_t index;
    uint32_t type;          // enum bh_cap_type
    uint32_t rights;
    uint32_t state;         // enum bh_cap_state
    uint32_t badge;         // 0: none
    uint32_t parent_domain; // who holds what it was derived from, 0: it is the first
    uint32_t parent;        // and under which index
    uint32_t object_domain; // who serves the port or the ring, or owns the buffer; 0: the kernel, or it is an event
    uint64_t object;        // of a buffer: its offset in the exchange window
    uint64_t instance;      // of a port: how often it was served before and is now; 0: nobody serves it at this moment
    char name[BH_CAP_NAME_SIZE];        // by which the manifest granted it, "": the running instance got it
    char object_name[BH_CAP_NAME_SIZE]; // of port, ring or buffer in the manifest
};

#endif
