// SPDX-License-Identifier: MIT
//
// The entropy part of a campaign's load: reads /dev/hwrng, whose bytes come from the host as tokens (tools/campaign/entropy.py): a number and what follows from
// it, numbers rising. What is no token was not given by the device; a number that does not rise was given before. The guest's kernel takes bytes, too, for its own
// pool, and a driver that dies loses what it had, so numbers may be left out, and pieces may begin and end within a token.
//
//   @R MS READS SLOWEST_US ERRORS MISMATCHES
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

enum { PIECE = 64, TOKEN = 16, PAUSE_US = 3000, SEAMS_MAX = 3 }; // seams: both ends of a piece, and one where bytes were left out

static int source;
static _Atomic bool reads;
static _Atomic uint64_t done, slowest, errors, mismatches, waiting_since;

static bool is_token(const uint8_t *at, uint64_t *number) {
    uint64_t words[2];
    memcpy(words, at, sizeof(words));
    *number = words[0];
    return words[0] && words[1] == mix(words[0]);
}

// Whether a piece is of the device, and newer than `last', which is brought forward. Less than a token is unknown at each seam, or twice that where two meet.
static bool is_fresh(const uint8_t *piece, uint64_t *last) {
    size_t unknown = 0, tokens = 0;
    for (size_t at = 0; at < PIECE;) {
        uint64_t number;
        if (at > PIECE - TOKEN || !is_token(piece + at, &number)) {
            unknown++;
            at++;
            continue;
        }
        if (number <= *last)
            return false;
        *last = number;
        tokens++;
        at += TOKEN;
    }
    return tokens && unknown <= SEAMS_MAX * (TOKEN - 1);
}

static bool read_piece(uint8_t *piece) {
    uint64_t began = now_us();
    waiting_since = began;
    ssize_t size = read(source, piece, PIECE);
    waiting_since = 0;
    raise_to(&slowest, now_us() - began);
    if (size == PIECE)
        return true;
    errors++;
    printf("@X random bytes: %s\n", size < 0 ? strerror(errno) : "short");
    return false;
}

static void *read_pieces(void *) {
    uint64_t last = 0;
    while (!stop) {
        uint8_t piece[PIECE];
        if (read_piece(piece) && !is_fresh(piece, &last)) {
            mismatches++;
            printf("@X random bytes: piece %llu is not what the device gave, or was given before:", (unsigned long long)done);
            for (size_t i = 0; i < PIECE; i++)
                printf(" %02x", piece[i]);
            printf("\n");
        }
        done++;
        usleep(PAUSE_US);
    }
    reads = false;
    return NULL;
}

int entropy_start(void) {
    pthread_t thread;
    source = open("/dev/hwrng", O_RDONLY);
    if (source < 0)
        return errno;
    reads = true;
    int error = pthread_create(&thread, NULL, read_pieces, NULL);
    // Who stood in the middle of a read while the machine did is charged for that time by the guest's scheduler, and would wait for seconds until others have caught up.
    return error ? error : pthread_setschedparam(thread, SCHED_FIFO, &(struct sched_param){.sched_priority = 1});
}

int entropy_open(void) {
    return reads;
}

void entropy_say(uint64_t ms) {
    uint64_t now = now_us(), began = waiting_since;
    if (began && began < now)
        raise_to(&slowest, now - began);
    printf("@R %llu %llu %llu %llu %llu\n", (unsigned long long)ms, (unsigned long long)done, (unsigned long long)atomic_exchange(&slowest, 0),
           (unsigned long long)errors, (unsigned long long)mismatches);
}
