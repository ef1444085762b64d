// SPDX-License-Identifier: MIT
//
// Capabilities: indices into the domain's table, which the kernel owns.
#ifndef BULKHEAD_CAP_H
#define BULKHEAD_CAP_H

#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"

// The capability granted under `name` in the manifest. BH_ENOENT when there is none.
enum bh_error bh_cap_find(const char *name, bh_cap *cap);
// Give it up.
enum bh_error bh_cap_drop(bh_cap cap);
// A child with fewer rights (a subset of enum bh_right); revoking the parent's children destroys it.
enum bh_error bh_cap_derive(bh_cap cap, uint32_t rights, bh_cap *derived);
// Destroy everything derived from `cap`, in every domain.
enum bh_error bh_cap_revoke(bh_cap cap);

#endif
