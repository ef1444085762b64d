// SPDX-License-Identifier: MIT
//
// A client of the hub: several threads on one ring that check their answers; or one that cancels, lies or slanders, as the setting `scenario'
// has it. Needs Settings and the board, where it goes on in its next life from where it was.
#include <bulkhead/ring_shared.h>

#include "runtime/calls.h"
#include "tests/domains/board.h"
#include "tests/domains/lies.h"

#define PRIORITY 2
#define ENTRIES 8 // of its ring

static struct bh_ring_shared shared;
static struct board *board;
static uint32_t spoke;
static bool deadly; // there are deaths

static void work(uint64_t thread) {
    for (uint32_t i; (i = board->progress[spoke][thread]) < CALLS;) {
        struct bh_victim_request request = {value_of(spoke, (uint32_t)thread, i), 0};
        struct bh_victim_completion completion = {0};
        enum bh_error error = bh_ring_shared_call(&shared, &request, &completion, 0);
        CHECK(!error && completion.value == request.value + 1, "call %u: %d, %llx for %llx", i, error, (unsigned long long)completion.value,
              (unsigned long long)request.value);
        if (i + 1 < CALLS || !deadly || board->deaths >= DEATHS)
            board->progress[spoke][thread] = i + 1;
    }
    board->done[spoke] |= 1u << thread;
    bh_thread_exit();
}

static void many_threads(void) {
    CHECK(bh_ring_shared_attach("ring", &shared) == BH_OK, "no ring");
    for (uint64_t i = 0; i < SPOKE_THREADS; i++)
        CHECK(bh_thread_create(work, i, PRIORITY) == BH_OK, "no thread");
}

// ---- requests that are not wanted any more

static void collect(struct bh_ring *ring, uint32_t index_of[ENTRIES], uint32_t *got) {
    struct bh_victim_completion completion;
    enum bh_error status;
    uint32_t slot;
    while (bh_ring_complete(ring, &slot, &status, &completion) == BH_OK) {
        uint32_t index = index_of[slot];
        CHECK(index < CANCELS, "slot %u was answered twice", slot);
        index_of[slot] = CANCELS;
        ++*got;
        CHECK(status == BH_ECANCELED || (!status && completion.value == value_of(spoke, 0, index) + 1), "request %u: %d", index, status);
        CHECK(status != BH_ECANCELED || !board->begun[spoke][index], "request %u was begun, and then cancelled", index);
        board->cancelled[spoke] += status == BH_ECANCELED;
    }
}

static void cancel(void) {
    struct bh_ring *ring = &shared.ring;
    uint32_t index_of[ENTRIES], sent = 0, got = 0, slot;
    uint64_t random = spoke + 1;
    CHECK(bh_ring_attach("ring", ring) == BH_OK && ring->info.entry_count == ENTRIES, "no ring of %d", ENTRIES);
    CHECK(bh_call_ring_forward(ring->cap, ring->info.completion_event) == BH_ERIGHTS, "a client forwards the server's signals");
    for (int i = 0; i < ENTRIES; i++)
        index_of[i] = CANCELS;
    while (got < CANCELS) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        struct bh_victim_request request = {value_of(spoke, 0, sent), 0};
        if (sent < CANCELS && bh_ring_submit(ring, &request, &slot) == BH_OK) {
            index_of[slot] = sent++;
            bh_ring_submit_notify(ring);
        } else
            (void)bh_ring_wait_completion(ring, bh_time_ns() + MS);
        slot = (random >> 40) % ENTRIES;
        if ((random >> 50) % 2 && index_of[slot] < CANCELS)
            CHECK(bh_ring_cancel(ring, slot) == BH_OK, "slot %u cannot be cancelled", slot);
        collect(ring, index_of, &got);
    }
    CHECK(bh_ring_cancel(ring, 0) == BH_ENOENT && ring->in_flight == 0, "something is left");
    board->done[spoke] = ALL_DONE;
}

static void await_others(void) {
    while (!board->progress[1][0] || !board->progress[2][0])
        bh_sleep_for(MS / 4);
}

// ---- lies

// One breach of the protocol after the other, each of which the hub is to notice, and none of which it can prevent.
static void lie(void) {
    struct bh_ring *ring = &shared.ring;
    CHECK(bh_ring_attach("ring", ring) == BH_OK, "no ring");
    await_others(); // the hub takes the first index that it sees as it is
    for (uint32_t i = 0; i < LIES; i++) {
        uint32_t before = board->lies;
        uint64_t deadline = bh_time_ns() + 10000 * MS;
        lie_once(ring, i % LIE_KINDS);
        while (board->lies == before && bh_time_ns() < deadline)
            bh_sleep_for(MS / 20);
        CHECK(board->lies > before, "lie %u was not noticed", i % LIE_KINDS);
    }
    lie_of_much(ring, 1000);
    board->done[spoke] = ALL_DONE;
}

// ---- slander

static void accuse(struct bh_ring *ring) {
    await_others(); // who is the only client is believed
    for (int i = 0; i < 5; i++)
        CHECK(bh_call_ring_accuse(ring->cap, 4711, "nothing", 7, ring->info.epoch) == BH_OK, "it cannot accuse");
}

static void accuse_later(uint64_t unused) {
    (void)unused;
    while (!(board->done[0] && board->done[1] == ALL_DONE))
        bh_sleep_for(MS);
    accuse(&shared.ring);
    board->cancelled[1] = 1; // it has
    bh_thread_exit();
}

int main(void) {
    char scenario[BH_SETTING_SIZE], index[BH_SETTING_SIZE];
    setting("scenario", scenario);
    setting("spoke", index);
    spoke = (uint32_t)(index[0] - '0');
    board = find_board();
    bool first = spoke == 0;
    deadly = strcmp(scenario, "deaths") == 0 || strcmp(scenario, "broken-server") == 0;
    if (strcmp(scenario, "cancel") == 0)
        cancel();
    else if (strcmp(scenario, "lies") == 0 && first)
        lie();
    else if (strcmp(scenario, "slander") == 0 && first) {
        CHECK(bh_ring_attach("ring", &shared.ring) == BH_OK, "no ring");
        accuse(&shared.ring);
        board->done[spoke] = ALL_DONE;
    } else {
        many_threads();
        if (strcmp(scenario, "two-slanderers") == 0 && spoke == 1)
            CHECK(bh_thread_create(accuse_later, 0, PRIORITY) == BH_OK, "no thread");
        if (strcmp(scenario, "two-slanderers") == 0 && first)
            accuse(&shared.ring);
    }
    bh_thread_exit();
}
