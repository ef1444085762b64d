// SPDX-License-Identifier: MIT
//
// AMD SVM: turn it on, enter a guest, tell why it left. Mechanism only; source: AMD APM vol. 2, chapter 15.
#ifndef BH_SVM_H
#define BH_SVM_H

#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/cpu.h"
#include "kernel/virt/vmcb.h"

struct bh_vcpu_state;

// Can this processor run guests with nested paging? When not, *why gets a sentence (static).
bool svm_supported(const char **why);

// Make what all guests share: permission maps, host areas (once; later calls do nothing).
// BH_ENOTSUP with a log line when the processor cannot, BH_ENOMEM.
enum bh_error svm_enable(void);

// Fill a zeroed VMCB: all intercepts, permission maps, nested paging on `nested_cr3`, `asid` of the guest.
void svm_prepare(struct vmcb *vmcb, hpa nested_cr3, uint32_t asid);

// Before each run: make this processor ready, *vmcb, at `address', for it, and *last_cpu its number. Returns whether another one ran it, or another vCPU
// ran here, meanwhile.
bool svm_arrive(struct vmcb *vmcb, hpa address, uint32_t *last_cpu);
// By processor, and touched by it alone.
extern struct svm_here {
    bool enabled;
    hpa last;      // the VMCB that ran here last
    hpa host_area; // where VMSAVE keeps the host's segments
} svm_here[CPU_COUNT_MAX];
// Would svm_arrive() find that nothing has changed since it was called? Costs less.
static inline bool svm_stayed(hpa address, uint32_t last_cpu) {
    return thread_current()->cpu->id == last_cpu && svm_here[last_cpu].last == address;
}
void svm_enter(hpa vmcb, struct bh_vcpu_state *registers, hpa host_area, uint8_t *fpu); // svm.S
// Run the guest until it exits. `cpu`: this processor, by svm_arrive(). `registers` as in svm.S; `fpu` is the guest's FXSAVE image, 16-byte aligned. Interrupts
// disabled before and after; pending ones are not yet taken. Without the kernel's lock.
static inline void svm_run(hpa vmcb, uint32_t cpu, struct bh_vcpu_state *registers, uint8_t *fpu) {
    svm_enter(vmcb, registers, svm_here[cpu].host_area, fpu);
}

// Copy cr0-cr4 and efer from the shared page (set_special), with what SVM needs forced in; segments and tables too unless
// `control_only`.
void svm_load_special(struct vmcb *vmcb, const struct bh_vcpu_state *state, bool control_only);
// Copy cr0-cr4, efer, code size and code segment base to the shared page.
void svm_save_special(const struct vmcb *vmcb, struct bh_vcpu_state *state);

#endif
