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
    return bh_call_cap_drop(cap);
}

enum bh_error bh_cap_derive(bh_cap cap, uint32_t rights, bh_cap *derived) {
    return bh_call_cap_derive(cap, rights, derived);
}

enum bh_error bh_cap_revoke(bh_cap cap) {
    return bh_call_cap_revoke(cap);
}

enum bh_error bh_serve(const char *name, uint32_t interface, uint64_t fingerprint, const uint64_t *methods,
                       uint32_t method_count, void *object) {
    struct bh_serve serve = {.interface = interface, .method_count = method_count, .fingerprint = fingerprint,
                             .methods = (uint64_t)methods, .object = (uint64_t)object};
    strncpy(serve.name, name, sizeof(serve.name) - 1);
    return bh_call_port_serve(&serve);
}
