// SPDX-License-Identifier: MIT
//
// What was typed at a terminal and not taken yet: the input side of whoever serves Console (idl/console.bidl). The functions named like its methods
// are those methods, for an object that begins with a struct bh_typed.
//
//   bytes  [ ... | head: taken and dropped up to here | ... | tail: typed up to here | ... ]   both run freely, modulo the size
//
// Errors: those of the interface. Context: any thread, without the lock, unless a function says otherwise.
#ifndef BULKHEAD_TYPED_H
#define BULKHEAD_TYPED_H

#include <stdbool.h>
#include <stdint.h>
#include "bulkhead/mutex.h"

#define BH_TYPED_SIZE 4096u // a power of two
#define BH_TYPED_PIECE 512u // bytes in one call of the interface

// The text. Whoever serves it may keep it in a buffer that outlasts him: then it is there again when he is.
struct bh_typed_text {
    uint32_t version; // BH_TYPED_VERSION; 0: never used
    volatile uint32_t head, tail;
    uint8_t bytes[BH_TYPED_SIZE];
};
#define BH_TYPED_VERSION 1u

struct bh_typed {
    struct bh_mutex lock;
    // lock: must be held for these
    void (*room)(void); // there may be more room: called with the lock; NULL: nobody wants to know
    bh_cap watcher;     // event of the reader, or BH_CAP_NONE
    struct bh_typed_text *text;
};

// Make it. `text`: where it stands, zero or as an instance before left it, which goes on if it makes sense; it stays the caller's, and must outlast `typed`.
// BH_EQUOTA when the domain may hold no more capabilities.
enum bh_error bh_typed_create(struct bh_typed *typed, struct bh_typed_text *text, void (*room)(void));
// The buffer granted as "typed", if it has room for `size` bytes; else `unkept`, and what is typed dies with this domain.
void *bh_typed_buffer(uint64_t size, void *unkept);

// Add a byte, if there is room. Context: lock held.
bool bh_typed_put(struct bh_typed *typed, uint8_t byte);
// How many bytes there is room for. Context: lock held.
static inline uint32_t bh_typed_room(const struct bh_typed *typed) {
    return BH_TYPED_SIZE - (typed->text->tail - typed->text->head);
}

// Take, look at, or forget what is there; have `event`, which is now this domain's, signalled when there is something.
enum bh_error bh_typed_read(void *typed, void *data, uint32_t *size);
enum bh_error bh_typed_peek(void *typed, void *data, uint32_t *size);
enum bh_error bh_typed_drop(void *typed, uint32_t count);
enum bh_error bh_typed_look(void *typed, void *data, uint32_t *size, uint32_t *position);
enum bh_error bh_typed_forget(void *typed, uint32_t position);
enum bh_error bh_typed_watch_input(void *typed, bh_cap event);

#endif
