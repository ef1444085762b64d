// SPDX-License-Identifier: MIT
//
// From an SVM exit code to the reason that the vmm hears. What needs no policy ends here: instructions that no guest is
// offered get their exception, cache flushes are skipped. Everything else is the vmm's.
#include "kernel/virt/vcpu.h"

#include "guest.h"
#include "kernel/virt/svm.h"

#define VECTOR_UD 6
#define VECTOR_GP 13
#define VECTOR_AC 17

// Exits whose handler reads control registers (to walk page tables or to judge a write).
static bool needs_special(uint32_t reason, uint64_t info1) {
    if (reason == BH_EXIT_REASON_CPUID)
        return false;
    return reason != BH_EXIT_REASON_IO || (info1 & 4); // string form
}

static uint32_t reason_of(uint32_t code) {
    static const uint8_t reasons[] = {
        [SVM_EXIT_IOIO] = BH_EXIT_REASON_IO,          [SVM_EXIT_CPUID] = BH_EXIT_REASON_CPUID,
        [SVM_EXIT_HLT] = BH_EXIT_REASON_HLT,          [SVM_EXIT_MSR] = BH_EXIT_REASON_MSR,
        [SVM_EXIT_VINTR] = BH_EXIT_REASON_WINDOW,     [SVM_EXIT_VMMCALL] = BH_EXIT_REASON_HYPERCALL,
        [SVM_EXIT_SHUTDOWN] = BH_EXIT_REASON_SHUTDOWN,
    };
    return code < sizeof(reasons) ? reasons[code] : code == SVM_EXIT_NPF ? BH_EXIT_REASON_MMIO : 0;
}

// Exits that the kernel settles alone. True when it did.
static bool settle(struct vmcb *vmcb, uint32_t code) {
    switch (code) {
    case SVM_EXIT_INVD:
    case SVM_EXIT_WBINVD:
        vmcb->rip += 2; // caches are coherent here: nothing to flush for a guest
        vmcb->interrupt_shadow = 0;
        return true;
    case SVM_EXIT_EXCEPTION + VECTOR_AC:
        inject_exception(vmcb, VECTOR_AC, true, 0);
        return true;
    case SVM_EXIT_RDPMC:
        inject_exception(vmcb, VECTOR_GP, true, 0);
        return true;
    case SVM_EXIT_INVLPGA:
    case SVM_EXIT_VMRUN:
    case SVM_EXIT_VMRUN + 2: // VMLOAD
    case SVM_EXIT_VMRUN + 3: // VMSAVE
    case SVM_EXIT_VMRUN + 4: // STGI
    case SVM_EXIT_VMRUN + 5: // CLGI
    case SVM_EXIT_SKINIT:
    case SVM_EXIT_MONITOR:
    case SVM_EXIT_MWAIT:
    case SVM_EXIT_MWAIT_ARMED:
    case SVM_EXIT_XSETBV:
        inject_exception(vmcb, VECTOR_UD, false, 0);
        return true;
    default:
        return false;
    }
}

static void fill(struct vcpu *vcpu, uint32_t reason) {
    struct vmcb *vmcb = vcpu->vmcb;
    struct bh_vcpu_state *state = vcpu->state;
    state->rax = vmcb->rax;
    state->rsp = vmcb->rsp;
    state->rip = vmcb->rip;
    state->rflags = vmcb->rflags;
    state->reason = reason;
    state->interruptible = (vmcb->rflags & 0x200) && !(vmcb->interrupt_shadow & 1);
    state->info1 = vmcb->exit_info1;
    state->info2 = vmcb->exit_info2;
    state->next_rip = vmcb->next_rip;
    state->pending_event = inject_is_pending(vmcb);
    if (needs_special(reason, vmcb->exit_info1))
        svm_save_special(vmcb, state);
}

void exit_describe_kick(struct vcpu *vcpu) {
    fill(vcpu, BH_EXIT_REASON_KICK);
}

// An exit that is not the vmm's business, or nobody's. As exit_describe().
static __attribute__((noinline)) bool describe_rare(struct vcpu *vcpu, uint32_t code) {
    if (code == SVM_EXIT_INTR || code == SVM_EXIT_NMI || code == SVM_EXIT_SMI || settle(vcpu->vmcb, code))
        return false;
    fill(vcpu, BH_EXIT_REASON_INVALID);
    vcpu->state->info1 = code;
    svm_save_special(vcpu->vmcb, vcpu->state);
    return true;
}

bool exit_describe_plain(struct vcpu *vcpu) {
    uint32_t reason = reason_of((uint32_t)vcpu->vmcb->exit_code);
    if (reason)
        fill(vcpu, reason);
    return reason != 0;
}

bool exit_describe(struct vcpu *vcpu) {
    return exit_describe_plain(vcpu) || describe_rare(vcpu, (uint32_t)vcpu->vmcb->exit_code);
}
