// SPDX-License-Identifier: MIT
//
// Mechanisms of this platform. Paging: user mode on a page table of its own (user_mode.S), for any processor. Pks: the kernel's mode, with protection keys
// for supervisor pages: a domain has the key of its own slot and reads and writes nothing else, but for trap stacks (keys.h). Keys say nothing of
// what is executed, so code that means ill and jumps to where the kernel writes PKRS has everything: docs/threat-model.md. What it must not find in its own image is
// looked for by domain/privileged.c.
#include "kernel/base.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/loader.h"
#include "kernel/domain/mechanism.h"
#include "kernel/platform/pc/keys.h"
#include "kernel/platform/pc/pc.h"
#include "kernel/domain/privileged.h"

extern const uint8_t paging_methods[], paging_enter[], paging_page[], paging_page_end[];
static const struct mechanism paging = {.name = "paging", .methods = paging_methods, .enter = paging_enter, .page = paging_page,
                                        .page_end = paging_page_end};

extern const uint8_t pks_methods[], pks_enter[], pks_door[];
static const struct mechanism pks = {.name = "pks", .methods = pks_methods, .enter = pks_enter, .door = pks_door};
static uint32_t next_key = KEY_DOMAINS;

static enum bh_error isolate_by_key(struct domain *domain) {
    if (!boot_has_keys())
        return refuse(BH_ENOTSUP, "domain %s: isolation pks needs a processor with protection keys for supervisor pages (CPUID 7:ECX[31]); in QEMU: "
                                  "-cpu max, or +pks", domain->name);
    if (next_key == KEY_COUNT)
        return refuse(BH_ENOSPC, "domain %s: all %d protection keys for domains are in use; give it another `isolation'", domain->name,
                      KEY_COUNT - KEY_DOMAINS);
    enum bh_error error = privileged_check(domain->name, &domain->image->verified);
    if (error)
        return error;
    if (next_key == KEY_DOMAINS)
        trap_use_keys();
    uint32_t key = next_key++, rights = KEY_NO_WRITE(KEY_TABLES);
    for (uint32_t other = 0; other < KEY_COUNT; other++)
        if (other != key && other != KEY_STACKS && other != KEY_TABLES)
            rights |= KEY_NO_ACCESS(other);
    domain->key_rights = rights;
    domain->mechanism = &pks;
    paging_slot_key(domain->id, key);
    return BH_OK;
}

enum bh_error platform_isolate(struct domain *domain, enum bh_isolation isolation) {
    if (isolation == BH_ISOLATION_PAGING) {
        domain->mechanism = &paging;
        trap_use_system_calls();
        return paging_own_space(domain->id, &domain->space);
    }
    if (isolation == BH_ISOLATION_PKS)
        return isolate_by_key(domain);
    return refuse(BH_ENOTSUP, "domain %s: isolation %s is not one of this platform", domain->name, mechanism_name(isolation));
}

enum bh_error platform_isolation_start(struct domain *domain) {
    (void)domain;
    return BH_OK;
}

enum bh_error platform_isolation_enter(struct domain *domain, uint32_t thread) {
    (void)domain, (void)thread;
    return BH_OK;
}

void platform_isolation_end(struct domain *domain) {
    (void)domain;
}
