// SPDX-License-Identifier: MIT
//
// Mechanisms of this platform: a process for the domain (process.c).
#include "kernel/base.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/mechanism.h"
#include "kernel/platform/hosted/process.h"
#include "kernel/platform/hosted/processes.h"
#include "kernel/platform/platform.h"

extern const uint8_t process_methods[], process_enter[], process_page[], process_page_end[];
static const struct mechanism process = {.name = "process", .methods = process_methods, .enter = process_enter,
                                         .page = process_page, .page_end = process_page_end, .where = process_where};

enum bh_error platform_isolate(struct domain *domain, enum bh_isolation isolation) {
    if (isolation != BH_ISOLATION_PROCESS)
        return refuse(BH_ENOTSUP, "domain %s: isolation %s is not one of this platform", domain->name, mechanism_name(isolation));
    domain->mechanism = &process;
    return BH_OK;
}

enum bh_error platform_isolation_start(struct domain *domain) {
    return domain->isolation == BH_ISOLATION_PROCESS ? process_start(domain) : BH_OK;
}

enum bh_error platform_isolation_enter(struct domain *domain, uint32_t thread) {
    return domain->isolation == BH_ISOLATION_PROCESS ? process_thread(domain, thread) : BH_OK;
}

void platform_isolation_end(struct domain *domain) {
    if (domain->isolation == BH_ISOLATION_PROCESS)
        process_end(domain);
}
