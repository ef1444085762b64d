// SPDX-License-Identifier: MIT
//
// Guests and their virtual CPUs. A guest belongs to one vmm domain; each vCPU is a kernel thread that alternates
// between the guest and the vmm's Vcpu.exit. guest.c implements the kernel interface Guest on top of this.
//
// Trust: the shared state page may be changed by the vmm at any time. Each field is read once; whatever it says
// ends up in guest state or as an event for the guest, never in a field of the VMCB that confines the guest.
#ifndef BH_VCPU_H
#define BH_VCPU_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/sched/thread.h"
#include "kernel/virt/nested.h"
#include "kernel/virt/vmcb.h"

struct domain;
struct guest;
struct port;
struct bh_vcpu_state;

enum { GUEST_COUNT = 8, GUEST_VCPUS = 8 };

enum vcpu_begin : uint8_t {
    VCPU_BEGIN_ANEW,     // from the state page: a KICK
    VCPU_BEGIN_AGAIN,    // the exit in hand is asked once more
    VCPU_BEGIN_ANSWERED, // the answer to it stands in the state page
};

struct vcpu {
    struct guest *guest;
    struct port *port;           // of the vmm: Vcpu.exit
    uint32_t index;
    struct vmcb *vmcb;
    hpa vmcb_address;            // the same for the processor
    uint64_t arguments[5];       // of Vcpu.exit
    struct bh_vcpu_state *state; // the shared page, as the kernel sees it
    struct thread *thread;       // NULL until started and after its end
    struct event wake;           // raised by a kick while halted
    bool kicked;                 // somebody wants a KICK exit
    bool stopping;
    bool kick_in_hand;           // the exit that the vmm is asked about is a KICK, and not the VMCB's
    bool paused;                 // stands still since its vmm died, with an exit in hand
    enum vcpu_begin begin;       // what its thread begins with
    uint64_t deadline_ns;        // KICK exit then; 0: none
    uint32_t last_cpu;           // processor on which it ran last
    bool flush;                  // mappings changed: empty its TLB before it runs again
    uint64_t entered_rip;        // rip at the last entry, to see whether the vmm moved it
    uint64_t exit_count;
    alignas(16) uint8_t fpu[512];
};

// The frame of a shared state page and where the owner sees it. Kept once made, so that no vCPU ever runs without its page.
struct state_page {
    hpa frame;       // 0: not made yet
    uint64_t offset; // in the owner's slot
};

struct guest {
    bool used;
    bool stopping; // ends when its last vCPU has
    uint32_t asid;
    struct domain *owner;
    struct nested_tables tables;
    struct vcpu *vcpus[GUEST_VCPUS];
    struct state_page pages[GUEST_VCPUS];
};

// Make and start a vCPU. `state_page` is kernel memory of one page that outlives the vCPU.
enum bh_error vcpu_create(struct guest *guest, uint32_t index, struct port *port, void *state_page);
enum bh_error vcpu_start(struct vcpu *vcpu);
// Go on with one that paused. BH_ENOENT: it did not.
enum bh_error vcpu_resume(struct vcpu *vcpu, bool again);
// Ask for a KICK exit soon; wakes a halted vCPU. Callable with interrupts disabled.
void vcpu_kick(struct vcpu *vcpu);
// Ask its thread to end; it does at its next exit.
void vcpu_stop(struct vcpu *vcpu);
void vcpu_free(struct vcpu *vcpu); // its thread has ended, or never was
// The guest's memory goes once it is stopping and has no vCPU left.
void guest_reap(struct guest *guest);
// A domain died: its guests stand still, their state pages leave its slot. A restarted owner may take them up again.
void guests_domain_died(struct domain *domain);

// inject.c: turn the vmm's answer into an event for the next entry; re-inject what an exit cut short.
void inject_answer(struct vcpu *vcpu);
#define INJECT_WINDOW (1u << (SVM_EXIT_VINTR & 31)) // of intercept_misc1: the guest exits as soon as it can take an interrupt
// An external interrupt waits in the VMCB until the guest can take it.
static inline bool inject_is_offered(const struct vmcb *vmcb) {
    return (vmcb->virtual_interrupt & VMCB_V_IRQ) && !(vmcb->intercept_misc1 & INJECT_WINDOW);
}
// An event is on its way into the guest and has not arrived.
static inline bool inject_is_pending(const struct vmcb *vmcb) {
    return inject_is_offered(vmcb) || (vmcb->exit_int_info & VMCB_EVENT_VALID);
}
// Deliver on the next entry what an exit cut short, if anything.
void inject_again(struct vmcb *vmcb);
void inject_exception(struct vmcb *vmcb, uint32_t vector, bool has_error, uint32_t error);

// exits.c: an exit that only the vmm can answer, described; false, and nothing done: it is another one.
bool exit_describe_plain(struct vcpu *vcpu);
// Why did the guest leave. Returns false when the kernel dealt with it alone (enter again at once).
bool exit_describe(struct vcpu *vcpu);
// Describe a KICK: the guest stands still between two instructions.
void exit_describe_kick(struct vcpu *vcpu);

#endif
