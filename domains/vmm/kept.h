// SPDX-License-Identifier: MIT
//
// The memory in which the machine outlasts the vmm domain: a buffer that the manifest makes and grants to this domain alone. A new instance builds its
// own machine in the area that is not in use, takes over what it finds in the other, and switches by one store: it may die at any moment of that, too.
//
//   head | area 1: undo log, machine | area 2: undo log, machine
//
// Trust: an instance that went wild may have written anything here before it died. Nothing is used that was not checked; pointers are never taken.
#ifndef VMM_KEPT_H
#define VMM_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "machine.h"
#include "undo.h"

// To be raised with every change of what stands in an area, or of what it means: an image of another version boots its guest anew.
#define KEPT_VERSION 3
#define KEPT_TRIES_MAX 5 // instances in a row that one exit may kill as the first that they deal with; then the guest is ended. Not fewer: others may die of something else meanwhile

struct kept_area {
    struct undo_log log;
    struct machine machine;
};

struct kept {
    uint64_t magic;
    uint32_t version;
    uint32_t area_size;
    uint32_t current;  // area in use, 1 or 2; 0: there is nothing to go on with
    uint32_t restores; // how often this guest went on with a new vmm
    struct kept_area areas[2];
};

// The area with which to go on. NULL: none; then *why says what is wrong, or is NULL when there never was one.
struct kept_area *kept_find(struct kept *kept, const char **why);
// An empty area to build a machine in, beside the one in use.
struct kept_area *kept_prepare(struct kept *kept);
// From now on `area` is the one in use. What was saved in its log while it was built is committed.
void kept_switch(struct kept *kept, struct kept_area *area);
// There is nothing to go on with any more.
void kept_drop(struct kept *kept);

// What a new instance finds, judged.
struct kept_finding {
    bool put_back; // a step was
    bool again;    // the exit in hand is to be asked anew; else its answer stands in the page
    bool ring_attached;
};
// First half, before the disk's ring is attached: put back what was half done, but for a submission. NULL, or what is wrong.
const char *kept_roll_back(struct kept_area *area, struct bh_vcpu_state *page, struct kept_finding *finding);
// Second half: `ring` (NULL: no disk) says whether the submission was made; judge the exit in hand.
void kept_judge(struct kept_area *area, struct bh_vcpu_state *page, const struct bh_ring *ring, struct kept_finding *finding);

// What the manifest grants to the machine. NULL: nothing of the kind.
struct kept_doors {
    struct bh_ring *disk;      // not attached yet
    struct bh_net_client *net; // attached
    bool entropy;
};
// Both, and what is between them: `machine`, all 0 but for its memory, page and log, becomes what `old` was (rebuild.c). NULL, or what is wrong.
const char *kept_rebuild(struct machine *machine, struct kept_area *old, const struct kept_doors *doors, struct kept_finding *finding);

#endif
