// SPDX-License-Identifier: MIT
//
// Mechanisms of isolation (docs/mechanisms.md): how a domain is entered and left whose code is plain, that is, not confined by itself. The proxies are
// the same for all. Where one calls a method of an sfi domain, it finds an *adapter* of the server's mechanism, which goes on in the domain by that
// mechanism, on the domain's own stack; where the domain calls out, it goes through the *door* of its mechanism, which comes back to the control
// stack and calls the proxy or gate there. Both are assembly in the sections of the proxies: arch/x86_64/mechanism.inc, platform/*.
#ifndef BH_MECHANISM_H
#define BH_MECHANISM_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/abi/manifest.h"

struct domain;

#define METHOD_STUB_SIZE 16 // bytes from one method's adapter to the next

struct mechanism {
    const char *name;
    const uint8_t *methods; // adapters: for the first method of a port, METHOD_STUB_SIZE on for each other
    const uint8_t *enter;   // the same for calls by the kernel, to thread->entry
    const uint8_t *door;    // what the word BH_TABLE_DOOR leads to; or
    // Where a thread is that a trap found in the domain, when its trap frame does not say; false: that cannot be found out. NULL: the frame says it.
    bool (*where)(const struct domain *domain, uint32_t thread, uint64_t *rip, uint64_t *frame_pointer);
    const uint8_t *page, *page_end; // code for the page at BH_SLOT_DOOR, to whose start it then leads; NULL: none
};

// Where in the kernel the call of a domain begins: `entry` itself, or an adapter that finds it in the current thread.
uint64_t mechanism_enter(const struct domain *domain, uint64_t entry);
// Choose the mechanism of a domain that is being made, from its manifest. BH_ENOTSUP with a message when this machine has it not.
enum bh_error mechanism_choose(struct domain *domain, enum bh_isolation isolation);
// Of a table page: the door, and its page where there is one. BH_ENOMEM.
enum bh_error mechanism_map_door(struct domain *domain);
void mechanism_unmap_door(struct domain *domain);
const char *mechanism_name(enum bh_isolation isolation);

// The mechanism without any protection, on both platforms (arch/x86_64/none.S).
extern const struct mechanism mechanism_none;

#endif
