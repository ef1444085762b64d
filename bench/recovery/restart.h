// SPDX-License-Identifier: MIT
//
// Linux processes that die and are started again, by a small process of their own: what fork() costs depends on who forks.
#ifndef BENCH_RECOVERY_RESTART_H
#define BENCH_RECOVERY_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#define RESTART_FAIL 0xdead0001u

enum restart_way : uint32_t { RESTART_FORK, RESTART_SPAWN, RESTART_MEMORY, RESTART_WAYS = RESTART_MEMORY };

// Ticks of the time-stamp counter: from the word that kills it until its death is known, and from then until its successor has answered. Of RESTART_MEMORY:
// kilobytes of its own in the one, pages of its page tables in kilobytes in the other.
struct restart_times {
    uint64_t dead, back;
};

// Start the small process, which will run `path`. Before the caller grows.
bool restart_begin(const char *path);
// Kill the server and start it again, this way.
bool restart_round(enum restart_way way, struct restart_times *times);
void restart_end(void);

#endif
