// SPDX-License-Identifier: MIT
//
// A ring of bytes between whoever hears a keyboard and the clients of a Console. A client may be restarted and ask for what it saw before; a server may be,
// and have less than its client saw: counts that a client gives are cut to what there is.
#include "bulkhead/typed.h"

#include "bulkhead/cap.h"

enum bh_error bh_typed_create(struct bh_typed *typed, void (*room)(void)) {
    typed->room = room;
    typed->watcher = BH_CAP_NONE;
    typed->head = typed->tail = 0;
    return bh_mutex_create(&typed->lock);
}

bool bh_typed_put(struct bh_typed *typed, uint8_t byte) {
    if (!bh_typed_room(typed))
        return false;
    typed->bytes[typed->tail++ % BH_TYPED_SIZE] = byte;
    return true;
}

// Context: lock held.
static uint32_t copy(const struct bh_typed *typed, uint8_t *bytes) {
    uint32_t count = 0;
    for (; typed->head + count != typed->tail && count < BH_TYPED_PIECE; count++)
        bytes[count] = typed->bytes[(typed->head + count) % BH_TYPED_SIZE];
    return count;
}

// Context: lock held.
static void forget(struct bh_typed *typed, uint32_t count) {
    uint32_t waiting = typed->tail - typed->head;
    typed->head += count < waiting ? count : waiting;
    if (typed->room)
        typed->room();
}

enum bh_error bh_typed_read(void *object, void *data, uint32_t *size) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    *size = copy(typed, data);
    forget(typed, *size);
    bh_mutex_unlock(&typed->lock);
    return BH_OK;
}

enum bh_error bh_typed_peek(void *object, void *data, uint32_t *size) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    *size = copy(typed, data);
    bh_mutex_unlock(&typed->lock);
    return BH_OK;
}

enum bh_error bh_typed_drop(void *object, uint32_t count) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    forget(typed, count);
    bh_mutex_unlock(&typed->lock);
    return BH_OK;
}

enum bh_error bh_typed_watch_input(void *object, bh_cap event) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    bh_cap old = typed->watcher;
    typed->watcher = event;
    bool waiting = typed->head != typed->tail;
    bh_mutex_unlock(&typed->lock);
    if (old)
        (void)bh_cap_drop(old);
    return waiting ? bh_event_signal(event) : BH_OK;
}
