// SPDX-License-Identifier: MIT
//
// Guest machines: the kernel interface Guest. A guest is its nested page table, its vCPUs and their shared state pages;
// it belongs to the domain that holds the port, and dies with its stop() or when its owner is given up. Each entry checks
// everything, then commits. Called by the generated glue with interrupts disabled.
#include "kernel/virt/vcpu.h"

#include <string.h>

#include "guest.h"
#include "guest_kernel.h"
#include "kernel/base.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/domain.h"
#include "kernel/exchange/buffers.h"
#include "kernel/virt/svm.h"

static struct guest guests[GUEST_COUNT];

// The guest behind a port's object number, made on first use.
static enum bh_error guest_get(struct domain *caller, uint64_t object, struct guest **out) {
    if (object >= GUEST_COUNT)
        return refuse(BH_ERANGE, "guest: number %llu is past the limit (%d)", (unsigned long long)object,
                      GUEST_COUNT);
    struct guest *guest = &guests[object];
    if (!guest->used) {
        enum bh_error error = svm_enable();
        if (!error)
            error = npt_create(&guest->npt);
        if (error)
            return error;
        guest->used = true;
        guest->owner = caller;
        guest->asid = (uint32_t)object + 1;
    }
    if (guest->owner != caller)
        return refuse(BH_ERIGHTS, "guest %llu belongs to %s, not to %s", (unsigned long long)object,
                      guest->owner->name, caller->name);
    *out = guest;
    return BH_OK;
}

static void flush(struct guest *guest) {
    for (int i = 0; i < GUEST_VCPUS; i++)
        if (guest->vcpus[i])
            guest->vcpus[i]->vmcb->tlb_control = 1;
}

enum bh_error serve_guest_features(struct domain *caller, uint64_t object, uint32_t *kind) {
    const char *why;
    (void)caller;
    (void)object;
    *kind = svm_supported(&why) ? 1 : 0;
    if (!*kind)
        return refuse(BH_ENOTSUP, "guest: %s", why);
    return BH_OK;
}

static enum bh_error range_check(const char *what, uint64_t start, uint64_t size, uint64_t limit) {
    if ((start | size) % BH_PAGE_SIZE || !size)
        return refuse(BH_EINVAL, "guest: %s 0x%llx, size 0x%llx: not whole pages", what,
                      (unsigned long long)start, (unsigned long long)size);
    if (start > limit || size > limit - start)
        return refuse(BH_ERANGE, "guest: %s 0x%llx, size 0x%llx is past the limit (0x%llx)", what,
                      (unsigned long long)start, (unsigned long long)size, (unsigned long long)limit);
    return BH_OK;
}

enum bh_error serve_guest_map(struct domain *caller, uint64_t object, struct cap *memory,
                              uint64_t offset, uint64_t gpa, uint64_t size, uint32_t rights) {
    struct buffer *buffer = memory->object;
    struct guest *guest;
    if (!(memory->rights & BH_RIGHT_READ) || ((rights & 2) && !(memory->rights & BH_RIGHT_WRITE)))
        return refuse(BH_ERIGHTS, "guest.map: the buffer's rights 0x%x do not allow 0x%x", memory->rights, rights);
    if (rights & ~7u || !(rights & 1))
        return refuse(BH_EINVAL, "guest.map: rights 0x%x are not 1 (read) with 2 (write), 4 (execute)", rights);
    enum bh_error error = range_check("buffer offset", offset, size, buffer->size);
    if (!error)
        error = range_check("guest-physical address", gpa, size, NPT_GPA_LIMIT);
    if (!error)
        error = guest_get(caller, object, &guest);
    if (error)
        return error;
    error = npt_map(&guest->npt, gpa, buffer->frames + offset, size, rights);
    if (error) {
        npt_unmap(&guest->npt, gpa, size);
        return refuse(error, "guest.map: no memory for nested page tables");
    }
    flush(guest);
    return BH_OK;
}

enum bh_error serve_guest_unmap(struct domain *caller, uint64_t object, uint64_t gpa, uint64_t size) {
    struct guest *guest;
    enum bh_error error = range_check("guest-physical address", gpa, size, NPT_GPA_LIMIT);
    if (!error)
        error = guest_get(caller, object, &guest);
    if (error)
        return error;
    npt_unmap(&guest->npt, gpa, size);
    flush(guest);
    return BH_OK;
}

static enum bh_error vcpu_get(struct domain *caller, uint64_t object, uint32_t index, struct vcpu **out) {
    struct guest *guest;
    enum bh_error error = guest_get(caller, object, &guest);
    if (error)
        return error;
    if (index >= GUEST_VCPUS || !guest->vcpus[index])
        return refuse(BH_ENOENT, "guest: there is no vCPU %u", index);
    *out = guest->vcpus[index];
    return BH_OK;
}

enum bh_error serve_guest_vcpu_start(struct domain *caller, uint64_t object, uint32_t index) {
    struct vcpu *vcpu;
    enum bh_error error = vcpu_get(caller, object, index, &vcpu);
    return error ? error : vcpu_start(vcpu);
}

enum bh_error serve_guest_kick(struct domain *caller, uint64_t object, uint32_t index) {
    struct vcpu *vcpu;
    enum bh_error error = vcpu_get(caller, object, index, &vcpu);
    if (!error)
        vcpu_kick(vcpu);
    return error;
}
