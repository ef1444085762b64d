// SPDX-License-Identifier: MIT
//
// Guests need a processor's virtualization, which a process does not have: the kernel interface Guest says so.
#include "guest_kernel.h"

#include "kernel/base.h"
#include "kernel/virt/vcpu.h"

static enum bh_error no_guests(void) {
    return refuse(BH_ENOTSUP, "guest: the hosted platform runs no guests; boot the same system with `make run'");
}

enum bh_error serve_guest_features(struct domain *caller, uint64_t object, uint32_t *kind) {
    (void)caller, (void)object;
    *kind = 0;
    return BH_OK;
}

enum bh_error serve_guest_map(struct domain *caller, uint64_t object, struct cap *memory, uint64_t offset, uint64_t gpa,
                              uint64_t size, uint32_t rights) {
    (void)caller, (void)object, (void)memory, (void)offset, (void)gpa, (void)size, (void)rights;
    return no_guests();
}

enum bh_error serve_guest_unmap(struct domain *caller, uint64_t object, uint64_t gpa, uint64_t size) {
    (void)caller, (void)object, (void)gpa, (void)size;
    return no_guests();
}

enum bh_error serve_guest_vcpu_create(struct domain *caller, uint64_t object, uint32_t vcpu, const char *port, uint64_t *address) {
    (void)caller, (void)object, (void)vcpu, (void)port, (void)address;
    return no_guests();
}

enum bh_error serve_guest_vcpu_start(struct domain *caller, uint64_t object, uint32_t vcpu) {
    (void)caller, (void)object, (void)vcpu;
    return no_guests();
}

enum bh_error serve_guest_vcpu_resume(struct domain *caller, uint64_t object, uint32_t vcpu, uint32_t again) {
    (void)caller, (void)object, (void)vcpu, (void)again;
    return no_guests();
}

enum bh_error serve_guest_kick(struct domain *caller, uint64_t object, uint32_t vcpu) {
    (void)caller, (void)object, (void)vcpu;
    return no_guests();
}

enum bh_error serve_guest_stop(struct domain *caller, uint64_t object) {
    (void)caller, (void)object;
    return no_guests();
}

void guests_domain_died(struct domain *domain) {
    (void)domain; // it has none
}
