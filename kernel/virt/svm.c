// SPDX-License-Identifier: MIT
//
// AMD SVM: feature check, enabling (each processor when it first runs a guest), the VMCB's fixed part, state in and out. Every access
// of the guest to what it does not own exits: all ports and MSRs but those that VMLOAD and VMRUN switch. Called by vcpu.c only.
#include "kernel/virt/svm.h"

#include <string.h>

#include "guest.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/mm/frames.h"
#include "kernel/sched/cpu.h"

#define MSR_EFER 0xc0000080u
#define MSR_VM_CR 0xc0010114u
#define MSR_HSAVE 0xc0010117u
#define EFER_SVME (1ull << 12)
#define VM_CR_SVMDIS (1ull << 4)
#define IOPM_PAGES 3
#define MSRPM_PAGES 2

static struct {
    bool enabled;
    hpa areas; // two pages for each processor: its own for VMRUN, and VMSAVE's target for the host's segments
    hpa iopm;
    hpa msrpm;
} svm;
struct svm_here svm_here[CPU_COUNT_MAX];

static void cpuid(uint32_t leaf, uint32_t out[4]) {
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(0));
}

bool svm_supported(const char **why) {
    uint32_t regs[4];
    cpuid(0x80000000u, regs);
    *why = "this processor has no AMD SVM (CPUID 8000_0001h:ECX[2]); in QEMU use -cpu max";
    if (regs[0] < 0x8000000au)
        return false;
    cpuid(0x80000001u, regs);
    if (!(regs[2] & (1u << 2)))
        return false;
    cpuid(0x8000000au, regs);
    *why = "AMD SVM here has no nested paging (CPUID 8000_000Ah:EDX[0]); use -cpu max,+npt";
    if (!(regs[3] & 1u))
        return false;
    *why = "AMD SVM is locked off by the firmware (VM_CR.SVMDIS); enable it in the firmware's set-up";
    if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
        return false;
    *why = "";
    return true;
}

// Two bits an MSR, read and write; three ranges of 8192 MSRs, 2 KiB each (AMD APM vol. 2, 15.11).
static void pass_msr(uint8_t *map, uint32_t msr) {
    uint32_t base = msr >= 0xc0010000u ? 0x1000 : msr >= 0xc0000000u ? 0x800 : 0;
    uint32_t bit = (msr & 0x1fffu) * 2;
    map[base + bit / 8] &= (uint8_t) ~(3u << (bit % 8));
}

// What VMRUN, VMLOAD and VMSAVE switch needs no exit.
static void fill_msr_map(uint8_t *map) {
    static const uint32_t passed[] = {
        0x174, 0x175, 0x176,                                // SYSENTER_CS, ESP, EIP
        0xc0000081u, 0xc0000082u, 0xc0000083u, 0xc0000084u, // STAR, LSTAR, CSTAR, SFMASK
        0xc0000100u, 0xc0000101u, 0xc0000102u,              // FS_BASE, GS_BASE, KERNEL_GS_BASE
    };
    memset(map, 0xff, MSRPM_PAGES * BH_PAGE_SIZE);
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        pass_msr(map, passed[i]);
}

static enum bh_error allocate_shared(void) {
    enum bh_error error = frames_alloc(2 * cpu_count(), 1, &svm.areas);
    if (!error)
        error = frames_alloc(IOPM_PAGES, 1, &svm.iopm);
    if (!error)
        error = frames_alloc(MSRPM_PAGES, 1, &svm.msrpm);
    return error;
}

enum bh_error svm_enable(void) {
    const char *why;
    if (svm.enabled)
        return BH_OK;
    if (!svm_supported(&why))
        return refuse(BH_ENOTSUP, "guest: %s", why);
    enum bh_error error = allocate_shared();
    if (error)
        return refuse(error, "guest: no memory for SVM's permission maps");
    memset(platform_direct(svm.areas), 0, 2 * cpu_count() * BH_PAGE_SIZE);
    memset(platform_direct(svm.iopm), 0xff, IOPM_PAGES * BH_PAGE_SIZE);
    fill_msr_map(platform_direct(svm.msrpm));
    svm.enabled = true;
    return BH_OK;
}

static uint32_t bit60(enum svm_exit code) {
    return 1u << (code & 31);
}

void svm_prepare(struct vmcb *vmcb, hpa nested_cr3, uint32_t asid) {
    vmcb->intercept_exceptions = 1u << 17 | 1u << 18; // #AC and #MC: else a guest could loop in delivery
    vmcb->intercept_misc1 = bit60(SVM_EXIT_INTR) | bit60(SVM_EXIT_NMI) | bit60(SVM_EXIT_SMI) |
                            bit60(SVM_EXIT_RDPMC) | bit60(SVM_EXIT_CPUID) | bit60(SVM_EXIT_INVD) |
                            bit60(SVM_EXIT_HLT) | bit60(SVM_EXIT_INVLPGA) | bit60(SVM_EXIT_IOIO) |
                            bit60(SVM_EXIT_MSR) | bit60(SVM_EXIT_SHUTDOWN);
    vmcb->intercept_misc2 = 0x7f /* VMRUN to SKINIT */ | bit60(SVM_EXIT_WBINVD) |
                            bit60(SVM_EXIT_MONITOR) | bit60(SVM_EXIT_MWAIT) |
                            bit60(SVM_EXIT_MWAIT_ARMED) | bit60(SVM_EXIT_XSETBV);
    vmcb->iopm_base = svm.iopm;
    vmcb->msrpm_base = svm.msrpm;
    vmcb->asid = asid;
    vmcb->tlb_control = 1;
    vmcb->virtual_interrupt = VMCB_V_INTR_MASKING;
    vmcb->nested_control = 1;
    vmcb->nested_cr3 = nested_cr3;
    vmcb->pat = 0x0007040600070406ull; // power-on value
    vmcb->dr6 = 0xffff0ff0ull;
    vmcb->dr7 = 0x400;
    vmcb->rflags = 2;
    vmcb->efer = EFER_SVME;
}

// All vCPUs of a guest share its tag in the TLB, so what this processor remembers is right only for the one that ran here last, and for that
// one only if it ran nowhere else since.
bool svm_arrive(struct vmcb *vmcb, hpa address, uint32_t *last_cpu) {
    uint32_t cpu = thread_current()->cpu->id;
    bool moved = *last_cpu != cpu || svm_here[cpu].last != address;
    if (!svm_here[cpu].enabled) {
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
        wrmsr(MSR_HSAVE, svm.areas + 2 * cpu * BH_PAGE_SIZE);
        svm_here[cpu].host_area = svm.areas + (2 * cpu + 1) * BH_PAGE_SIZE;
        svm_here[cpu].enabled = true;
    }
    if (moved)
        vmcb->tlb_control = 1;
    svm_here[cpu].last = address;
    *last_cpu = cpu;
    return moved;
}

static struct vmcb_segment segment(const struct bh_guest_segment *from) {
    return (struct vmcb_segment){
        .selector = from->selector,
        .attributes = from->attributes,
        .limit = from->limit,
        .base = from->base,
    };
}

void svm_load_special(struct vmcb *vmcb, const struct bh_vcpu_state *state, bool control_only) {
    vmcb->cr0 = state->cr0;
    vmcb->cr2 = state->cr2;
    vmcb->cr3 = state->cr3;
    vmcb->cr4 = state->cr4;
    vmcb->efer = state->efer | EFER_SVME;
    vmcb->tlb_control = 1;
    if (control_only)
        return;
    vmcb->cs = segment(&state->cs);
    vmcb->ds = segment(&state->ds);
    vmcb->es = segment(&state->es);
    vmcb->fs = segment(&state->fs);
    vmcb->gs = segment(&state->gs);
    vmcb->ss = segment(&state->ss);
    vmcb->tr = segment(&state->tr);
    vmcb->ldtr = segment(&state->ldtr);
    vmcb->gdtr = (struct vmcb_segment){.limit = state->gdtr_limit, .base = state->gdtr_base};
    vmcb->idtr = (struct vmcb_segment){.limit = state->idtr_limit, .base = state->idtr_base};
    vmcb->cpl = (vmcb->ss.attributes >> 5) & 3;
}

static uint32_t code_size(const struct vmcb *vmcb) {
    bool long_mode = vmcb->efer & (1u << 10);
    if (long_mode && (vmcb->cs.attributes & (1u << 9)))
        return 64;
    return vmcb->cs.attributes & (1u << 10) ? 32 : 16;
}

void svm_save_special(const struct vmcb *vmcb, struct bh_vcpu_state *state) {
    state->cr0 = vmcb->cr0;
    state->cr2 = vmcb->cr2;
    state->cr3 = vmcb->cr3;
    state->cr4 = vmcb->cr4;
    state->efer = vmcb->efer & ~EFER_SVME;
    state->cs_base = vmcb->cs.base;
    state->mode_bits = code_size(vmcb);
}
