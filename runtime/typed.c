// SPDX-License-Identifier: MIT
//
// A ring of bytes between whoever hears a keyboard and the clients of a Console. A client may be restarted and ask for what it saw before; a server may be,
// and have less than its client saw: counts that a client gives are cut to what there is.
#include "bulkhead/typed.h"

#include <stdatomic.h>

#include "bulkhead/cap.h"
#include "bulkhead/domain.h"

// Whatever an instance before did to it before it died.
static bool makes_sense(const struct bh_typed_text *text) {
    return text->version == BH_TYPED_VERSION && text->tail - text->head <= BH_TYPED_SIZE;
}

enum bh_error bh_typed_create(struct bh_typed *typed, struct bh_typed_text *text, void (*room)(void)) {
    typed->room = room;
    typed->watcher = BH_CAP_NONE;
    typed->text = text;
    if (!makes_sense(text)) {
        // Somewhere, so that a position that a client has from an instance before is none of this one.
        text->head = text->tail = (uint32_t)bh_time_ns();
        text->version = BH_TYPED_VERSION;
    }
    return bh_mutex_create(&typed->lock);
}

bool bh_typed_put(struct bh_typed *typed, uint8_t byte) {
    if (!bh_typed_room(typed))
        return false;
    struct bh_typed_text *text = typed->text;
    text->bytes[text->tail % BH_TYPED_SIZE] = byte;
    atomic_signal_fence(memory_order_seq_cst); // it is there before it is counted, whenever this domain dies
    text->tail++;
    return true;
}

// Context: lock held.
static uint32_t copy(const struct bh_typed *typed, uint8_t *bytes) {
    const struct bh_typed_text *text = typed->text;
    uint32_t count = 0;
    for (; text->head + count != text->tail && count < BH_TYPED_PIECE; count++)
        bytes[count] = text->bytes[(text->head + count) % BH_TYPED_SIZE];
    return count;
}

// Context: lock held.
static void forget(struct bh_typed *typed, uint32_t count) {
    uint32_t waiting = typed->text->tail - typed->text->head;
    typed->text->head += count < waiting ? count : waiting;
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
    uint32_t unused;
    return bh_typed_look(object, data, size, &unused);
}

enum bh_error bh_typed_drop(void *object, uint32_t count) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    forget(typed, count);
    bh_mutex_unlock(&typed->lock);
    return BH_OK;
}

enum bh_error bh_typed_look(void *object, void *data, uint32_t *size, uint32_t *position) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    *size = copy(typed, data);
    *position = typed->text->head;
    bh_mutex_unlock(&typed->lock);
    return BH_OK;
}

enum bh_error bh_typed_forget(void *object, uint32_t position) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    uint32_t count = position - typed->text->head;
    if (count <= typed->text->tail - typed->text->head)
        forget(typed, count);
    bh_mutex_unlock(&typed->lock);
    return BH_OK;
}

enum bh_error bh_typed_watch_input(void *object, bh_cap event) {
    struct bh_typed *typed = object;
    bh_mutex_lock(&typed->lock);
    bh_cap old = typed->watcher;
    typed->watcher = event;
    bool waiting = typed->text->head != typed->text->tail;
    bh_mutex_unlock(&typed->lock);
    if (old)
        (void)bh_cap_drop(old);
    return waiting ? bh_event_signal(event) : BH_OK;
}
