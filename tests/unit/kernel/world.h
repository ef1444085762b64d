// SPDX-License-Identifier: MIT
//
// A kernel without threads, for unit tests of its tables: memory, frames, and domains that never run.
#ifndef WORLD_H
#define WORLD_H

#include <criterion/criterion.h>
#include <string.h>

#include "kernel/abi/manifest.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/mm/frames.h"
#include "kernel/platform/hosted/hosted.h"

#define QUOTA (1u << 20)

static struct loaded_image image = {.colour = BH_COLOUR_GS};
static struct domain *first, *second, *third;

static inline struct domain *make_domain(const char *name, uint32_t caps) {
    static struct bh_archive_domain manifests[16];
    static int count;
    struct bh_archive_domain *manifest = &manifests[count++];
    *manifest = (struct bh_archive_domain){.memory_quota = QUOTA, .cap_quota = caps};
    strncpy(manifest->name, name, sizeof(manifest->name) - 1);
    struct domain *domain;
    cr_assert_eq(domain_create(manifest, &image, &domain), BH_OK);
    domain->state = DOMAIN_RUNNING;
    return domain;
}

static inline void world(void) {
    hosted_options.log_fd = -1;
    hosted_options.memory_size = 64u << 20;
    cr_assert_eq(hosted_paging_start(hosted_options.memory_size), 0);
    frames_init();
    first = make_domain("first", 100);
    second = make_domain("second", 100);
    third = make_domain("third", 4000);
}

// For tests that touch what may not be there.
static inline void world_with_traps(void) {
    world();
    cr_assert_eq(hosted_trap_start(), 0);
}

#endif
