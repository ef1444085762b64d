// SPDX-License-Identifier: MIT
//
// Exchange buffers: contiguous frames with one owner and one place in the exchange window, mapped where granted.
#ifndef BH_BUFFERS_H
#define BH_BUFFERS_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/buffer.h"
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"
#include "kernel/abi/slot.h"
#include "kernel/platform/platform.h"

struct domain;

struct buffer {
    hpa frames;
    uint64_t size;   // bytes
    uint64_t offset; // slot offset in the exchange window
    struct domain *owner; // &kernel_domain: never reclaimed
    bool orphan;          // its owner died, and it stays only until the calls return for which it was lent
    uint32_t references;  // capabilities to it, in all tables
    uint8_t mapped[BH_SLOT_COUNT]; // by domain: enum map_flags of its mapping, 0 when not mapped
    uint8_t dma[BH_SLOT_COUNT];    // by domain: enum map_flags for its devices, 0 when they may not reach it, or it never asked where
    char name[BH_CAP_NAME_SIZE];
    struct buffer *next;
};

// Make a zeroed buffer of `size` bytes, rounded up to pages, not mapped anywhere. BH_ENOMEM, BH_ENOSPC, BH_EQUOTA (logged).
enum bh_error buffers_create(struct domain *owner, uint64_t size, const char *name, struct buffer **out);
void buffers_destroy(struct buffer *buffer); // one to which no capability is left
// caps.c says who holds capabilities: mappings follow them, and the last one takes the buffer with it.
void buffers_cap_added(struct buffer *buffer);
void buffers_cap_removed(struct buffer *buffer, struct domain *domain);
uint32_t buffers_count(void);

// Map or unmap in one domain; `rights` READ or READ|WRITE.
enum bh_error buffers_map(struct buffer *buffer, struct domain *domain, uint32_t rights);
void buffers_unmap(struct buffer *buffer, struct domain *domain);

// Let the devices of a domain at it, as far as its capabilities with BH_RIGHT_DMA say: read, and with BH_RIGHT_WRITE write. What is granted to devices
// follows the capabilities from then on.
enum bh_error buffers_dma_map(struct buffer *buffer, struct domain *domain);
// Its devices have got a space (kernel/platform/device.h): map there what it asked for before.
enum bh_error buffers_dma_open(struct domain *domain);

// Give a buffer to another domain: unmapped and revoked here and wherever it was shared, mapped and a capability there. The sender must own
// it (BH_ERIGHTS), and it must not be lent (BH_EBUSY).
enum bh_error buffers_move(struct domain *from, struct domain *to, bh_cap cap, bh_cap *out);
// Lend for the length of a call: mapped there too, with the lender's rights, and a capability that cannot be given up; buffers_unlend takes
// both back, whatever became of the lender. What is lent to `from` only the thread in whose call it was lent may lend on (BH_EBUSY).
// `rights`: 0, or exactly these, which the lender must have (BH_ERIGHTS).
enum bh_error buffers_lend(struct domain *from, struct domain *to, bh_cap cap, uint32_t rights, bh_cap *out);
void buffers_unlend(struct domain *to, bh_cap cap);

// A domain died: nobody keeps what it owned but those to whom it is lent now; the rest is unmapped.
void buffers_domain_died(struct domain *domain);

// A range of the exchange window for a ring, for ever.
enum bh_error buffers_reserve_window(uint64_t size, uint64_t *offset);

#endif
