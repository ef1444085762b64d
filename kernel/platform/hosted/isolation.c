// SPDX-License-Identifier: MIT
//
// Mechanisms of this platform.
#include "kernel/base.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/mechanism.h"
#include "kernel/platform/platform.h"

enum bh_error platform_isolate(struct domain *domain, enum bh_isolation isolation) {
    return refuse(BH_ENOTSUP, "domain %s: isolation %s is not one of this platform", domain->name, mechanism_name(isolation));
}

enum bh_error platform_isolation_start(struct domain *domain) {
    (void)domain;
    return BH_OK;
}

void platform_isolation_end(struct domain *domain) {
    (void)domain;
}
