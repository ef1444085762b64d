// SPDX-License-Identifier: MIT
//
// Domains: what the kernel knows of each. One per slot; a restart keeps the struct, the slot, the ports,
// the capability table and the name, and increments `generation`.
#ifndef BH_DOMAIN_H
#define BH_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/crash.h"
#include "kernel/abi/error.h"
#include "kernel/abi/image.h"
#include "kernel/abi/slot.h"

struct cap;
struct loaded_image;

enum domain_state : uint32_t {
    DOMAIN_UNUSED,
    DOMAIN_LOADED,
    DOMAIN_RUNNING, // calls are let in
    DOMAIN_DEAD,    // crashed or killed; waits for its supervisor
    DOMAIN_ENDED,   // ended in good order or given up
};

#define BH_DOMAIN_NAME_SIZE 32

struct domain {
    // The fast path's words; offsets known to arch/x86_64.
    uint64_t base;        // slot base; 0 for the kernel's own domain
    struct cap *caps;     // table of cap_count entries
    uint32_t cap_count;
    enum domain_state state;
    uint32_t colour_offset; // offset in struct thread of the cached base that this domain uses
    uint32_t id;            // index of its slot
    uint32_t generation;

    char name[BH_DOMAIN_NAME_SIZE];
    struct loaded_image *image;
    uint64_t heap_end;    // slot offset
    uint64_t memory_used; // bytes, against memory_quota
    uint64_t memory_quota;
    uint32_t caps_used;
    uint32_t threads_used;
    uint32_t watchdog_ms; // 0: none
    uint32_t restarts;
    uint64_t call_count;
    struct bh_crash_record crash; // of the last death
};

extern struct domain kernel_domain; // id 0, never dies; slot 0 is not handed out
struct domain *domain_get(uint32_t id);              // NULL when there is none
struct domain *domain_find(const char *name);

// The capability table's entry, 32 bytes so that the proxy finds it by a shift.
struct cap {
    uint32_t type; // enum bh_cap_type
    uint32_t rights;
    uint32_t generation; // of the object when granted; differs after a revocation
    uint32_t parent;     // index in the same or another table, see caps.c
    void *object;        // struct port, event, buffer, ring
    uint64_t link;       // caps.c: derivation
};
static_assert(sizeof(struct cap) == 32);

// A port: an object of a domain behind an interface. Owned by the kernel, named in the manifest, outlives
// its server. Offsets known to arch/x86_64.
struct port {
    struct domain *server;  // &kernel_domain for kernel interfaces
    uint32_t generation;
    uint32_t interface;
    uint64_t object;        // first argument of each method
    uint64_t serving;       // 1 once served by the live instance; 0: callers get BH_EDEAD
    uint64_t methods[BH_INTERFACE_METHODS]; // addresses of functions of the server; checked entries
    char name[BH_CAP_NAME_SIZE];
    uint64_t fingerprint;
    uint32_t method_count;
};

#endif
