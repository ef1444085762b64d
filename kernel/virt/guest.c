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
#include "kernel/mm/frames.h"
#include "kernel/mm/space.h"
#include "kernel/virt/svm.h"

#define ADDRESS_LIMIT (1ull << 47) // guest-physical addresses lie below
#define PTE_USER 4ull              // every nested access counts as one of a user (AMD APM vol. 2, 15.25.5)
#define PTE_NX (1ull << 63)

static struct guest guests[GUEST_COUNT];

static enum bh_error create_tables(struct nested_tables *tables) {
    *tables = (struct nested_tables){.levels = 4, .large = true, .inner = NESTED_READ | NESTED_WRITE | PTE_USER};
    return nested_create(tables);
}

static uint64_t leaf_bits(uint32_t rights) {
    return NESTED_READ | PTE_USER | (rights & BH_GUEST_RIGHTS_WRITE ? NESTED_WRITE : 0) | (rights & BH_GUEST_RIGHTS_EXECUTE ? 0 : PTE_NX);
}

// The guest behind a port's object number, made on first use.
static enum bh_error guest_get(struct domain *caller, uint64_t object, struct guest **out) {
    if (object >= GUEST_COUNT)
        return refuse(BH_ERANGE, "guest: number %llu is past the limit (%d)", (unsigned long long)object,
                      GUEST_COUNT);
    struct guest *guest = &guests[object];
    if (guest->stopping)
        return refuse(BH_EBUSY, "guest %llu is being stopped; try again", (unsigned long long)object);
    if (!guest->used) {
        enum bh_error error = svm_enable();
        if (!error)
            error = create_tables(&guest->tables);
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

// Those that run on other processors are brought out: the guest has the new mappings when this returns.
static void flush(struct guest *guest) {
    for (int i = 0; i < GUEST_VCPUS; i++)
        if (guest->vcpus[i])
            guest->vcpus[i]->flush = true;
    cpus_stop();
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
    bool replaced;
    if (buffer->owner != &kernel_domain) // its owner could free it while the guest runs on it
        return refuse(BH_ERIGHTS, "guest.map: only a buffer that the manifest makes can be guest memory");
    if (!(memory->rights & BH_RIGHT_READ) || ((rights & BH_GUEST_RIGHTS_WRITE) && !(memory->rights & BH_RIGHT_WRITE)))
        return refuse(BH_ERIGHTS, "guest.map: the buffer's rights 0x%x do not allow 0x%x", memory->rights, rights);
    if (!(rights & BH_GUEST_RIGHTS_READ))
        return refuse(BH_EINVAL, "guest.map: rights 0x%x are without READ", rights);
    enum bh_error error = range_check("buffer offset", offset, size, buffer->size);
    if (!error)
        error = range_check("guest-physical address", gpa, size, ADDRESS_LIMIT);
    if (!error)
        error = guest_get(caller, object, &guest);
    if (error)
        return error;
    error = nested_map(&guest->tables, gpa, buffer->frames + offset, size, leaf_bits(rights), &replaced);
    if (error) {
        flush(guest);
        return refuse(error, "guest.map: no memory for nested page tables");
    }
    flush(guest);
    return BH_OK;
}

enum bh_error serve_guest_unmap(struct domain *caller, uint64_t object, uint64_t gpa, uint64_t size) {
    struct guest *guest;
    enum bh_error error = range_check("guest-physical address", gpa, size, ADDRESS_LIMIT);
    if (!error)
        error = guest_get(caller, object, &guest);
    if (error)
        return error;
    (void)nested_unmap(&guest->tables, gpa, size);
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

// The shared page of vCPU `index`, made on first use, mapped in its owner's slot.
static enum bh_error show_page(struct guest *guest, uint32_t index) {
    struct state_page *page = &guest->pages[index];
    if (!page->frame) {
        hpa frame;
        enum bh_error error = page->offset ? BH_OK : buffers_reserve_window(BH_PAGE_SIZE, &page->offset);
        if (!error)
            error = frames_alloc(1, 1, &frame);
        if (error)
            return refuse(error, "guest.vcpu_create: no room for the state page of vCPU %u", index);
        memset(platform_direct(frame), 0, BH_PAGE_SIZE);
        page->frame = frame;
    }
    return space_map(guest->owner->base + page->offset, page->frame, BH_PAGE_SIZE, MAP_READ | MAP_WRITE);
}

enum bh_error serve_guest_vcpu_create(struct domain *caller, uint64_t object, uint32_t index, const char *port_name,
                                      uint64_t *address) {
    struct guest *guest;
    struct port *port = port_find(caller, port_name);
    if (index >= GUEST_VCPUS)
        return refuse(BH_ERANGE, "guest.vcpu_create: vCPU %u is past the limit (%d)", index, GUEST_VCPUS);
    if (!port || port->interface != BH_VCPU_ID)
        return refuse(BH_ENOENT, "guest.vcpu_create: %s has no port %s with the interface Vcpu", caller->name, port_name);
    enum bh_error error = guest_get(caller, object, &guest);
    if (error)
        return error;
    struct vcpu *vcpu = guest->vcpus[index];
    if (vcpu && vcpu->thread) // without a word when it has not noticed yet that its vmm died
        return port->serving ? refuse(BH_EBUSY, "guest.vcpu_create: vCPU %u runs", index) : BH_EBUSY;
    error = show_page(guest, index);
    if (!error && vcpu) // paused when an earlier instance of its vmm died
        vcpu->port = port;
    else if (!error)
        error = vcpu_create(guest, index, port, platform_direct(guest->pages[index].frame));
    if (!error)
        *address = caller->base + guest->pages[index].offset;
    return error;
}

enum bh_error serve_guest_vcpu_start(struct domain *caller, uint64_t object, uint32_t index) {
    struct vcpu *vcpu;
    enum bh_error error = vcpu_get(caller, object, index, &vcpu);
    return error ? error : vcpu_start(vcpu);
}

enum bh_error serve_guest_vcpu_resume(struct domain *caller, uint64_t object, uint32_t index, uint32_t again) {
    struct vcpu *vcpu;
    enum bh_error error = vcpu_get(caller, object, index, &vcpu);
    return error ? error : vcpu_resume(vcpu, again);
}

enum bh_error serve_guest_kick(struct domain *caller, uint64_t object, uint32_t index) {
    struct vcpu *vcpu;
    enum bh_error error = vcpu_get(caller, object, index, &vcpu);
    if (!error)
        vcpu_kick(vcpu);
    return error;
}

void guest_reap(struct guest *guest) {
    if (!guest->stopping)
        return;
    for (int i = 0; i < GUEST_VCPUS; i++)
        if (guest->vcpus[i])
            return;
    for (int i = 0; i < GUEST_VCPUS; i++)
        if (guest->pages[i].frame)
            space_unmap(guest->owner->base + guest->pages[i].offset, BH_PAGE_SIZE);
    nested_destroy(&guest->tables);
    guest->used = guest->stopping = false;
}

enum bh_error serve_guest_stop(struct domain *caller, uint64_t object) {
    struct guest *guest;
    enum bh_error error = guest_get(caller, object, &guest);
    if (error)
        return error;
    guest->stopping = true;
    for (int i = 0; i < GUEST_VCPUS; i++) {
        struct vcpu *vcpu = guest->vcpus[i];
        if (vcpu && vcpu->thread)
            vcpu_stop(vcpu);
        else if (vcpu)
            vcpu_free(vcpu);
    }
    guest_reap(guest);
    return BH_OK;
}

void guests_domain_died(struct domain *domain) {
    for (struct guest *guest = guests; guest < guests + GUEST_COUNT; guest++) {
        if (!guest->used || guest->owner != domain)
            continue;
        for (int i = 0; i < GUEST_VCPUS; i++) {
            if (guest->pages[i].frame)
                space_unmap(domain->base + guest->pages[i].offset, BH_PAGE_SIZE);
            if (guest->vcpus[i])
                vcpu_kick(guest->vcpus[i]); // its next question meets a dead vmm, and it pauses
        }
    }
}
