// SPDX-License-Identifier: MIT
//
// A domain's life: created from the manifest, started, dead, started again in the same slot with the same ports and granted
// capabilities. Domain 0 is the kernel itself.
#include "kernel/domain/domain.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/abi/manifest.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/mechanism.h"
#include "kernel/domain/resources.h"
#include "kernel/exchange/rings.h"
#include "kernel/sched/thread.h"
#include "labels.h"

#define TRIAL_NS 1000000000ull

struct domain kernel_domain = {.state = DOMAIN_RUNNING, .name = "kernel", .memory_quota = ~0ull};

static struct domain *domains[BH_SLOT_COUNT] = {&kernel_domain};

struct domain *domain_get(uint32_t id) {
    return id < BH_SLOT_COUNT ? domains[id] : NULL;
}

struct domain *domain_find(const char *name) {
    for (uint32_t id = 0; id < BH_SLOT_COUNT; id++)
        if (domains[id] && strcmp(domains[id]->name, name) == 0)
            return domains[id];
    return NULL;
}

enum bh_error domain_wanted(const char *method, uint32_t id, struct domain **out) {
    *out = id ? domain_get(id) : NULL;
    return *out ? BH_OK : refuse(BH_ENOENT, "%s: there is no domain %u", method, id);
}

enum bh_error domain_create(const struct bh_archive_domain *manifest, struct loaded_image *image, struct domain **out) {
    enum bh_error error = loader_hardened_check(manifest, image);
    if (error)
        return error;
    uint32_t id = 1;
    while (id < BH_SLOT_COUNT && domains[id])
        id++;
    if (id == BH_SLOT_COUNT)
        return refuse(BH_ENOSPC, "domain %s: all %d slots are in use", manifest->name, BH_SLOT_COUNT - 1);
    struct domain *domain = calloc(1, sizeof(*domain));
    if (!domain)
        return refuse(BH_ENOMEM, "domain %s: no memory", manifest->name);
    copy_name(domain->name, sizeof(domain->name), manifest->name);
    domain->id = id;
    domain->base = BH_SLOT_AREA + id * BH_SLOT_SIZE;
    domain->manifest = manifest;
    domain->image = image;
    domain->colour = image->colour;
    domain->colour_offset = offsetof(struct thread, bases) + 8 * image->colour;
    domain->memory_quota = manifest->memory_quota;
    domain->watchdog_ms = manifest->watchdog_ms;
    domain->state = DOMAIN_LOADED;
    error = mechanism_choose(domain, manifest->isolation);
    if (domain->mechanism)
        domain->colour_offset = offsetof(struct thread, bases) + 8 * BASE_OF_PLAIN;
    if (!error)
        error = caps_create_table(domain, manifest->cap_quota + 1);
    if (error) {
        free(domain);
        return error;
    }
    loader_hold(image);
    domains[id] = domain;
    *out = domain;
    return BH_OK;
}

enum bh_error domain_start(struct domain *domain) {
    if (domain->state == DOMAIN_RUNNING)
        return refuse(BH_EBUSY, "domain %s runs already", domain->name);
    enum bh_error error = resources_domain_starts(domain);
    if (!error)
        error = loader_entry_check(domain, "the image's entry", domain->image->verified.entry, LABEL_thread);
    if (!error)
        error = platform_isolation_start(domain);
    if (!error) {
        error = loader_map(domain);
        if (error)
            platform_isolation_end(domain);
    }
    if (error)
        return error;
    bool again = domain->state == DOMAIN_DEAD || domain->state == DOMAIN_ENDED;
    domain->generation++;
    domain->threads_used = 0; // those of the last instance are on their way out and count no more
    domain->restarts += again;
    domain->state = DOMAIN_RUNNING;
    error = thread_create(domain->name, domain, domain->base + domain->image->verified.entry, 0,
                          domain->manifest->priority, NULL);
    if (error) {
        domain->state = DOMAIN_DEAD;
        platform_isolation_end(domain);
        loader_unmap(domain);
        return error;
    }
    rings_take_up(domain);
    if (domain->previous)
        domain->trial_ends_ns = clock_now_ns() + TRIAL_NS;
    TRACE(START, domain->id, domain->generation, domain->restarts);
    if (domain->mechanism)
        log_write(BH_LOG_INFO, domain->name, "%s in slot %u, isolation %s", again ? "restarted" : "started", domain->id, domain->mechanism->name);
    else
        log_write(BH_LOG_INFO, domain->name, "%s in slot %u, colour %s", again ? "restarted" : "started", domain->id,
                  domain->colour == BH_COLOUR_GS ? "gs" : "fs");
    return BH_OK;
}

enum bh_error domain_abandon(struct domain *domain) {
    if (domain->state != DOMAIN_DEAD)
        return refuse(BH_EINVAL, "domain %s is not dead", domain->name);
    domain->state = DOMAIN_ENDED;
    log_write(BH_LOG_ERROR, domain->name, "given up after %u restarts; `bhctl restart %s` tries again", domain->restarts,
              domain->name);
    domain_leave_clients(domain);
    return BH_OK;
}

void domain_leave_clients(struct domain *domain) {
    if (domain->manifest->on_give_up == BH_GIVE_UP_FAIL || resources_stuck(domain))
        rings_give_up(domain);
}
