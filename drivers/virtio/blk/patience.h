// SPDX-License-Identifier: MIT
//
// How long a request may take, and how often it may be tried.
#ifndef BLK_PATIENCE_H
#define BLK_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <bulkhead/ring.h>

// Before the first request: the setting "timeout_ms", and what predecessors noted.
void patience_open(void);
// A request is about to be looked at. False: it ended too many instances, and is to be answered with BH_EIO.
bool patience_allows(const struct bh_ring *ring, uint32_t slot);
// The device has it from now on, or it is answered.
void patience_begin(uint32_t slot);
void patience_end(uint32_t slot);
// Before each wait: until when to wait for the next event, 0: nothing is in flight. Panics when a request has been in flight for too long.
uint64_t patience_deadline(const struct bh_ring *ring);
// Ends were found after waiting until then in vain: no interrupt had told of them.
void patience_found(void);

#endif
