// SPDX-License-Identifier: MIT
//
// Serves VictimRing to the clients of the rings "a", "b" and "c", as a set, with the priorities 0, 1 and 3. Needs Settings and the board. When it
// dies its successor goes on from the rings' logs.
#include <bulkhead/ring_set.h>

#include "runtime/calls.h"
#include "tests/domains/board.h"

static struct bh_ring rings[SPOKES];
static struct bh_ring_set set;
static struct board *board;
static bool slow;

static void serve(struct bh_ring *ring, uint32_t slot, const struct bh_victim_request *request) {
    uint32_t spoke = (uint32_t)(ring - rings), index = (uint32_t)request->value;
    if (slow) { // in the scenario that cancels
        if (index < CANCELS)
            board->begun[spoke][index] = 1;
        if (index % 4 == 0)
            bh_sleep_for(MS / 20);
    }
    struct bh_victim_completion completion = {.value = request->value + 1};
    CHECK(bh_ring_finish(ring, slot, BH_OK, &completion) == BH_OK, "slot %u is not in hand", slot);
    bh_ring_finish_notify(ring);
}

int main(void) {
    static const char *const names[SPOKES] = {"a", "b", "c"};
    static const uint32_t priorities[SPOKES] = {0, 1, 3};
    char scenario[BH_SETTING_SIZE];
    setting("scenario", scenario);
    slow = strcmp(scenario, "cancel") == 0;
    board = find_board();
    CHECK(bh_ring_set_create(&set) == BH_OK, "no set");
    for (uint32_t i = 0; i < SPOKES; i++)
        CHECK(bh_ring_attach(names[i], &rings[i]) == BH_OK && bh_ring_set_add(&set, &rings[i], priorities[i], 1 + i) == BH_OK, "no ring %s", names[i]);
    for (uint32_t i = 0; i < 2; i++) // neither to itself nor to one that goes elsewhere
        CHECK(bh_call_ring_forward(rings[0].cap, rings[i].info.submit_event) == BH_EINVAL, "signals go in a circle");
    for (;;) {
        struct bh_victim_request request;
        struct bh_ring *ring;
        uint32_t slot;
        enum bh_error error;
        while ((error = bh_ring_set_take(&set, &ring, &slot, &request)) != BH_EAGAIN)
            if (error)
                board->lies++;
            else
                serve(ring, slot, &request);
        (void)bh_ring_set_wait(&set, 0);
    }
}
