// SPDX-License-Identifier: MIT
//
// A set of rings, for a server of several clients. Which ring comes next is decided here, from private words alone; what a client writes
// decides no more than whether its own ring has something.
#include "bulkhead/ring_set.h"

#include <string.h>

#include "bulkhead/domain.h"
#include "runtime/calls.h"

enum bh_error bh_ring_set_create(struct bh_ring_set *set) {
    memset(set, 0, sizeof(*set));
    return bh_event_create(&set->event);
}

enum bh_error bh_ring_set_add(struct bh_ring_set *set, struct bh_ring *ring, uint32_t priority, uint32_t burst) {
    if (priority >= BH_RING_SET_PRIORITIES || !burst || !ring->info.is_server)
        return BH_EINVAL;
    if (set->count == BH_RING_SET_RINGS)
        return BH_ENOSPC;
    enum bh_error error = bh_call_ring_forward(ring->cap, set->event);
    if (error)
        return error;
    uint32_t at = set->levels[priority].first + set->levels[priority].count;
    memmove(&set->members[at + 1], &set->members[at], (set->count - at) * sizeof(set->members[0]));
    set->members[at] = (struct bh_ring_set_member){ring, priority, burst};
    set->count++;
    set->levels[priority].count++;
    for (uint32_t level = priority + 1; level < BH_RING_SET_PRIORITIES; level++)
        set->levels[level].first++;
    return BH_OK;
}

// Whose turn it is goes on to the next ring of the level.
static void end_turn(struct bh_ring_set_level *level) {
    level->turn = (level->turn + 1) % level->count;
    level->burst_left = 0;
}

// From the rings of one priority, beginning with the one whose turn it is, up to `most` of one ring's burst. BH_EPROTO: its client lied, and
// the turn is over.
static enum bh_error take_from(struct bh_ring_set *set, struct bh_ring_set_level *level, uint32_t most, struct bh_ring **ring, uint32_t *slots,
                               void *requests, uint32_t *count) {
    for (uint32_t i = 0; i < level->count; i++) {
        struct bh_ring_set_member *member = &set->members[level->first + level->turn];
        if (!level->burst_left)
            level->burst_left = member->burst;
        enum bh_error error = bh_ring_take_batch(member->ring, most < level->burst_left ? most : level->burst_left, slots, requests, count);
        if (error == BH_EAGAIN) {
            end_turn(level);
            continue;
        }
        *ring = member->ring;
        if (error || !(level->burst_left -= *count))
            end_turn(level);
        return error;
    }
    return BH_EAGAIN;
}

// How many of a priority may be taken at once, so that nobody worse is passed over for too long. At least one: who was has been looked at before.
static uint32_t patience_of(const struct bh_ring_set *set, uint32_t priority) {
    uint32_t least = BH_RING_SET_PATIENCE;
    for (uint32_t worse = priority + 1; worse < BH_RING_SET_PRIORITIES; worse++)
        if (BH_RING_SET_PATIENCE - set->levels[worse].passed_over < least)
            least = BH_RING_SET_PATIENCE - set->levels[worse].passed_over;
    return least;
}

// One level after the other: first those that were passed over for too long, worst first and one request each, then by priority.
enum bh_error bh_ring_set_take_batch(struct bh_ring_set *set, uint32_t most, struct bh_ring **ring, uint32_t *slots, void *requests, uint32_t *count) {
    for (uint32_t step = 0; step < 2 * BH_RING_SET_PRIORITIES; step++) {
        bool overdue = step < BH_RING_SET_PRIORITIES;
        uint32_t priority = overdue ? BH_RING_SET_PRIORITIES - 1 - step : step - BH_RING_SET_PRIORITIES;
        struct bh_ring_set_level *level = &set->levels[priority];
        if (overdue && level->passed_over < BH_RING_SET_PATIENCE)
            continue;
        level->passed_over = 0;
        uint32_t patience = overdue ? 1 : patience_of(set, priority);
        enum bh_error error = take_from(set, level, most < patience ? most : patience, ring, slots, requests, count);
        if (error == BH_EAGAIN)
            continue;
        for (uint32_t worse = priority + 1; worse < BH_RING_SET_PRIORITIES; worse++)
            set->levels[worse].passed_over += error ? 1 : *count;
        return error;
    }
    return BH_EAGAIN;
}

enum bh_error bh_ring_set_take(struct bh_ring_set *set, struct bh_ring **ring, uint32_t *slot, void *request) {
    uint32_t count;
    return bh_ring_set_take_batch(set, 1, ring, slot, request, &count);
}

bool bh_ring_set_arm(struct bh_ring_set *set) {
    bool work = false;
    for (uint32_t i = 0; i < set->count; i++)
        work |= bh_ring_arm_submit(set->members[i].ring);
    return work;
}

enum bh_error bh_ring_set_wait(struct bh_ring_set *set, uint64_t deadline_ns) {
    return bh_ring_set_arm(set) ? BH_OK : bh_event_await(set->event, deadline_ns);
}
