// SPDX-License-Identifier: MIT
//
// bench/rings: ways for one thread to ask another and be answered, all with the same work around them. A request and an answer are 16 bytes each;
// the server adds one. Every way has its own file, which adds its kinds (a way with a batch and a window) when the program starts: so one that
// needs what a machine has not is left out by the linker.
#ifndef BENCH_RINGS_H
#define BENCH_RINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATCH_MAX 32
#define ENTRIES 256 // of every ring
#define PRODUCERS_MAX 2

struct message {
    uint64_t value, other;
};

// Where the threads run.
enum where { WHERE_ONE_THREAD, WHERE_ONE_PROCESSOR, WHERE_TWO_PROCESSORS };

struct kind {
    const char *group, *name, *what; // what is compared with what; of the way; in words
    enum where where;
    uint32_t batch, window; // messages at once, at most; in flight, at most
    bool sleeps;            // threads do, when there is nothing
    uint32_t producers;     // clients, in turn; each has `window' in flight
    uint32_t messages;      // of each producer, in one sample
    // Each returns how many it did, 0 for none now; those that block return at least one.
    uint32_t (*send)(uint32_t producer, const struct message *messages, uint32_t count);
    uint32_t (*receive)(uint32_t producer, struct message *messages, uint32_t most);
    uint32_t (*serve)(uint32_t most);
    bool (*open)(void); // once; false, with a message, when this machine does not have it
    uint32_t number;    // in the order of adding
    uint32_t disturbed; // samples that could not be had without an interruption
    double *ns;         // by round: for one message and its answer
};

// Adds a kind for each batch, at most as long as a window; `kind.batch' and `.name' are filled in.
void add_kinds(struct kind kind, const uint32_t *batches, size_t count);

// What the server does with a request.
static inline struct message answer_to(struct message request) {
    return (struct message){request.value + 1, request.other};
}

// ---- world.c: the kernel's part for runtime/ring*.c
struct bh_ring;
// Both sides of a new ring, in memory of its own. Ends the program when there is none.
void ring_pair(struct bh_ring *client, struct bh_ring *server);
// The client's side only, by the name under which runtime/ring_shared.c attaches; its server comes by ring_server_of().
void ring_server_of(const struct bh_ring *client, struct bh_ring *server);

#endif
