// SPDX-License-Identifier: MIT
//
// Capabilities and ports: thin wrappers over the run-time calls.
#include "bulkhead/cap.h"

#include <string.h>

#include "bulkhead/domain.h"
#include "runtime/calls.h"

enum bh_error bh_cap_find(const char *name, bh_cap *cap) {
    return bh_call_cap_find(name, strlen(name), cap);
}

enum bh_error bh_cap_drop(bh_cap cap) {
    enum bh_error error;
    do
        error = bh_call_cap_drop(cap);
    while (error == BH_EAGAIN);
    return error;
}

enum bh_error bh_cap_derive(bh_cap cap, uint32_t rights, bh_cap *derived) {
    return bh_call_cap_derive(cap, rights, 0, derived);
}

enum bh_error bh_cap_derive_badged(bh_cap cap, uint32_t rights, uint32_t badge, bh_cap *derived) {
    return badge ? bh_call_cap_derive(cap, rights, badge, derived) : BH_EINVAL;
}

uint32_t bh_badge(void) {
    return (uint32_t)bh_call_badge();
}

enum bh_error bh_cap_accept(void) {
    return bh_call_cap_accept();
}

enum bh_error bh_cap_answer(bh_cap cap) {
    return bh_call_cap_answer(cap);
}

enum bh_error bh_cap_taken(bh_cap *cap) {
    return bh_call_cap_taken(cap);
}

enum bh_error bh_cap_list(uint32_t from, struct bh_cap_info *info) {
    return bh_call_cap_list(from, info);
}

enum bh_error bh_cap_revoke(bh_cap cap) {
    enum bh_error error;
    do
        error = bh_call_cap_revoke(cap); // some steps at a time: the kernel's lock is free in between
    while (error == BH_EAGAIN);
    return error;
}

enum bh_error bh_serve(const char *name, uint32_t interface, uint64_t fingerprint, const uint64_t *methods,
                       uint32_t method_count, void *object) {
    struct bh_serve serve = {.interface = interface, .method_count = method_count, .fingerprint = fingerprint,
                             .methods = (uint64_t)methods, .object = (uint64_t)object};
    strncpy(serve.name, name, sizeof(serve.name) - 1);
    return bh_call_port_serve(&serve);
}
