// SPDX-License-Identifier: MIT
//
// Crash injection. The domain's own code does the damage: every image carries bh_inject() from the runtime, found by its symbol.
#include "kernel/domain/inject.h"

#include <string.h>

#include "kernel/base.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/interrupts.h"
#include "kernel/domain/loader.h"
#include "kernel/exchange/rings.h"
#include "kernel/platform/device.h"
#include "kernel/sched/thread.h"
#include "labels.h"

#define INJECT_PRIORITY 0 // now, whatever else the domain does
#define RING_TRIES 2000
#define RING_AGAIN_NS 500000ull

static enum bh_error find_inject(const struct domain *domain, uint32_t *offset) {
    const struct verified_image *image = &domain->image->verified;
    for (uint32_t i = 0; i < image->symbol_count; i++)
        if (strcmp(image->symbols[i].name, "bh_inject") == 0 &&
            (image->plain || verified_label(image, image->symbols[i].start) == LABEL_thread)) {
            *offset = image->symbols[i].start;
            return BH_OK;
        }
    return refuse(BH_ENOTSUP, "inject: the image of %s has no function bh_inject; it was stripped or linked without the runtime", domain->name);
}

// A server that is at work on another processor may write a right index over the wrong one before the client looks: do it until it is seen.
static void keep_breaking(void *argument) {
    struct domain *domain = domain_get((uint64_t)argument >> 32);
    uint32_t generation = (uint32_t)(uint64_t)argument;
    for (int tries = 0; tries < RING_TRIES; tries++) {
        (void)thread_sleep(clock_now_ns() + RING_AGAIN_NS);
        if (domain->state != DOMAIN_RUNNING || domain->generation != generation || rings_corrupt(domain) != BH_OK)
            return;
    }
}

static enum bh_error break_rings(struct domain *domain) {
    enum bh_error error = rings_corrupt(domain);
    if (error)
        return refuse(error, "inject: %s serves no ring", domain->name);
    return thread_create("inject", &kernel_domain, (uint64_t)keep_breaking, (uint64_t)domain->id << 32 | domain->generation,
                         INJECT_PRIORITY, NULL);
}

enum bh_error inject_crash(struct domain *domain, enum bh_inject kind) {
    uint32_t offset;
    if (domain->state != DOMAIN_RUNNING)
        return refuse(BH_EDEAD, "inject: %s does not run", domain->name);
    if (kind == BH_INJECT_RING)
        return break_rings(domain);
    if (kind == BH_INJECT_DMA && !platform_dma_has_space(domain->id))
        return refuse(BH_ENOTSUP, "inject: %s has no device that an IOMMU confines: nobody would catch it", domain->name);
    if (kind == BH_INJECT_IRQ_DROP)
        return interrupts_lose(domain);
    if (kind == BH_INJECT_IRQ_REPEAT)
        return interrupts_repeat(domain);
    if (kind == BH_INJECT_IRQ_STORM)
        return interrupts_storm(domain);
    if (kind == BH_INJECT_HANG && !domain->manifest->answer_ms)
        return refuse(BH_ENOTSUP, "inject: %s has no answer_ms in the manifest: nobody would notice", domain->name);
    enum bh_error error = find_inject(domain, &offset);
    if (error)
        return error;
    return thread_create("inject", domain, domain->base + offset, kind, INJECT_PRIORITY, NULL);
}
