// SPDX-License-Identifier: MIT
//
// The virtual machine control block of AMD SVM: one page, read and written by VMRUN and #VMEXIT.
// Source: AMD APM vol. 2, appendix B; intercept bits section 15.13; exit codes appendix C.
#ifndef BH_VMCB_H
#define BH_VMCB_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct vmcb_segment {
    uint16_t selector;
    uint16_t attributes; // descriptor bits 40-47 and 52-55, packed into 12 bits
    uint32_t limit;
    uint64_t base;
} __attribute__((packed));

struct vmcb {
    // Control area.
    uint32_t intercept_cr;         // 0x000 reads in the lower half, writes in the upper
    uint32_t intercept_dr;         // 0x004
    uint32_t intercept_exceptions; // 0x008 one bit a vector
    uint32_t intercept_misc1;      // 0x00c exit codes 0x60-0x7f
    uint32_t intercept_misc2;      // 0x010 exit codes 0x80-0x9f
    uint8_t reserved0[0x40 - 0x14];
    uint64_t iopm_base;            // 0x040 physical address of the I/O permission map
    uint64_t msrpm_base;           // 0x048 and of the MSR permission map
    uint64_t tsc_offset;           // 0x050
    uint32_t asid;                 // 0x058
    uint8_t tlb_control;           // 0x05c 1: flush everything on entry
    uint8_t reserved1[3];
    uint64_t virtual_interrupt;    // 0x060 V_TPR, V_IRQ, V_INTR_PRIO, V_IGN_TPR, V_INTR_MASKING, vector
    uint64_t interrupt_shadow;     // 0x068
    uint64_t exit_code;            // 0x070
    uint64_t exit_info1;           // 0x078
    uint64_t exit_info2;           // 0x080
    uint64_t exit_int_info;        // 0x088 event whose delivery the exit cut short
    uint64_t nested_control;       // 0x090 bit 0: nested paging
    uint8_t reserved2[0xa8 - 0x98];
    uint64_t event_injection;      // 0x0a8
    uint64_t nested_cr3;           // 0x0b0
    uint64_t lbr_control;          // 0x0b8
    uint64_t clean;                // 0x0c0
    uint64_t next_rip;             // 0x0c8 0 where the processor does not save it
    uint8_t reserved3[0x400 - 0xd0];

    // State save area.
    struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr; // 0x400
    uint8_t reserved4[0x4cb - 0x4a0];
    uint8_t cpl;                   // 0x4cb
    uint32_t reserved5;
    uint64_t efer;                 // 0x4d0
    uint8_t reserved6[0x548 - 0x4d8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip; // 0x548
    uint8_t reserved7[0x5d8 - 0x580];
    uint64_t rsp;                  // 0x5d8
    uint8_t reserved8[0x5f8 - 0x5e0];
    uint64_t rax;                  // 0x5f8
    uint64_t star, lstar, cstar, sfmask, kernel_gs_base; // 0x600
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;    // 0x628
    uint64_t cr2;                  // 0x640
    uint8_t reserved9[0x668 - 0x648];
    uint64_t pat;                  // 0x668 the guest's, under nested paging
    uint8_t reserved10[0x1000 - 0x670];
} __attribute__((packed));

static_assert(offsetof(struct vmcb, iopm_base) == 0x40);
static_assert(offsetof(struct vmcb, virtual_interrupt) == 0x60);
static_assert(offsetof(struct vmcb, event_injection) == 0xa8);
static_assert(offsetof(struct vmcb, next_rip) == 0xc8);
static_assert(offsetof(struct vmcb, es) == 0x400);
static_assert(offsetof(struct vmcb, tr) == 0x490);
static_assert(offsetof(struct vmcb, cpl) == 0x4cb);
static_assert(offsetof(struct vmcb, efer) == 0x4d0);
static_assert(offsetof(struct vmcb, cr4) == 0x548);
static_assert(offsetof(struct vmcb, rip) == 0x578);
static_assert(offsetof(struct vmcb, rsp) == 0x5d8);
static_assert(offsetof(struct vmcb, rax) == 0x5f8);
static_assert(offsetof(struct vmcb, cr2) == 0x640);
static_assert(offsetof(struct vmcb, pat) == 0x668);
static_assert(sizeof(struct vmcb) == 0x1000);

enum svm_exit : uint32_t {
    SVM_EXIT_EXCEPTION = 0x40, // plus the vector
    SVM_EXIT_INTR = 0x60,
    SVM_EXIT_NMI = 0x61,
    SVM_EXIT_SMI = 0x62,
    SVM_EXIT_VINTR = 0x64,
    SVM_EXIT_RDPMC = 0x6f,
    SVM_EXIT_CPUID = 0x72,
    SVM_EXIT_INVD = 0x76,
    SVM_EXIT_HLT = 0x78,
    SVM_EXIT_INVLPGA = 0x7a,
    SVM_EXIT_IOIO = 0x7b,
    SVM_EXIT_MSR = 0x7c,
    SVM_EXIT_SHUTDOWN = 0x7f,
    SVM_EXIT_VMRUN = 0x80,
    SVM_EXIT_VMMCALL = 0x81,
    SVM_EXIT_SKINIT = 0x86,
    SVM_EXIT_WBINVD = 0x89,
    SVM_EXIT_MONITOR = 0x8a,
    SVM_EXIT_MWAIT = 0x8b,
    SVM_EXIT_MWAIT_ARMED = 0x8c,
    SVM_EXIT_XSETBV = 0x8d,
    SVM_EXIT_NPF = 0x400,
    SVM_EXIT_INVALID = 0xffffffff, // compare the low half: QEMU reports 32 bits, others 64
};

#define VMCB_V_IRQ (1ull << 8)
#define VMCB_V_PRIORITY (0xfull << 16)
#define VMCB_V_IGNORE_TPR (1ull << 20)
#define VMCB_V_INTR_MASKING (1ull << 24)
#define VMCB_V_VECTOR_SHIFT 32
#define VMCB_EVENT_VALID (1ull << 31)
#define VMCB_EVENT_ERROR (1ull << 11)
#define VMCB_EVENT_TYPE_MASK (7ull << 8)
#define VMCB_EVENT_TYPE_EXCEPTION (3ull << 8)
#define VMCB_EVENT_TYPE_INTERRUPT (0ull << 8)

#endif
