// SPDX-License-Identifier: MIT
//
// Capabilities: indices into the domain's table, which the kernel owns.
#ifndef BULKHEAD_CAP_H
#define BULKHEAD_CAP_H

#include "kernel/abi/call.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

// The capability granted under `name` in the manifest. BH_ENOENT when there is none.
enum bh_error bh_cap_find(const char *name, bh_cap *cap);
// Give it up.
enum bh_error bh_cap_drop(bh_cap cap);
// A child with fewer rights (a subset of enum bh_right) and the parent's badge; revoking the parent's children destroys it. BH_ERIGHTS,
// BH_EQUOTA (of capabilities), BH_ERANGE (BH_CAP_DEPTH times in a row).
enum bh_error bh_cap_derive(bh_cap cap, uint32_t rights, bh_cap *derived);
// The same of a port's capability, with a badge that it and all that comes of it have for good: the server is told it with each call.
// BH_ERIGHTS when `cap` has one already, BH_EINVAL for badge 0 and for what is no port.
enum bh_error bh_cap_derive_badged(bh_cap cap, uint32_t rights, uint32_t badge, bh_cap *derived);
// In a method: the badge of the capability through which the domain was called, 0 when it has none.
uint32_t bh_badge(void);
// Destroy everything derived from `cap`, in every domain, in bounded steps. From the first on nothing of it can be derived from, passed on, waited
// for, signalled or mapped; when this returns, no call begins and no memory is mapped through any of it. Calls that are under way go on to
// their end. `cap` must not be dropped meanwhile. BH_EREVOKED: somebody revokes `cap` itself.
enum bh_error bh_cap_revoke(bh_cap cap);

// A capability as the result of a call. The client accepts one, calls, and takes what the server answered with (BH_ENOENT: nothing); it
// counts against the client's quota and hangs on the server's own, which needs the right GRANT.
enum bh_error bh_cap_accept(void);
enum bh_error bh_cap_taken(bh_cap *cap);
// In a method, once: BH_EINVAL when the caller accepts none, BH_EQUOTA when its table is full.
enum bh_error bh_cap_answer(bh_cap cap);

// What this domain holds: the first entry from index `from` on. BH_ENOENT behind the last one.
enum bh_error bh_cap_list(uint32_t from, struct bh_cap_info *info);

#endif
