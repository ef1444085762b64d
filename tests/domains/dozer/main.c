// SPDX-License-Identifier: MIT
//
// A vmm that never answers its guest's first exit (tests/system/vmm_restart.py).
//
// Serves: port "vcpu" (Vcpu).
// Needs:  "guest" (Guest).
#include "bulkhead/domain.h"
#include "guest.h"

#define RETRY_NS 10000000u

static bh_cap never;

static enum bh_error doze(void *object, uint32_t vcpu) {
    (void)object, (void)vcpu;
    return bh_event_await(never, 0);
}

int main(void) {
    static const struct vcpu_methods methods = {.exit = doze};
    uint64_t page;
    bh_cap guest;
    enum bh_error error = bh_cap_find("guest", &guest);
    if (!error)
        error = bh_event_create(&never);
    while (!error && (error = guest_vcpu_create(guest, 0, "vcpu", &page)) == BH_EBUSY) {
        bh_sleep_for(RETRY_NS); // the one of the instance before still ends
        error = BH_OK;
    }
    if (!error)
        error = vcpu_serve("vcpu", &methods, NULL);
    if (!error)
        error = guest_vcpu_start(guest, 0);
    if (error)
        return bh_not_started("no guest", error);
    bh_thread_exit();
}
