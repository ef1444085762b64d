// SPDX-License-Identifier: MIT
//
// Signals as traps. The handler runs on its own stack, first of all puts the C library's fs base back (the interrupted domain may
// have had its own), turns the signal frame into a struct trap_frame and back.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/guarded.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/platform.h"

#define TRAP_STACK_SIZE (256u << 10)
#define FXSAVE_SIZE 464 // the rest of the 512 bytes is Linux's own
#define XSAVE_MAGIC 0x46505853u
#define USER_CS 0x33
#define USER_SS 0x2b

extern const char __executable_start[], etext[]; // of the linker

static uint32_t vector_of(int signal_number, uint64_t trapno) {
    return signal_number == SIGALRM ? 0x100 : (uint32_t)trapno;
}

static void load_frame(struct trap_frame *frame, const ucontext_t *context, int signal_number) {
    const greg_t *g = context->uc_mcontext.gregs;
    *frame = (struct trap_frame){
        .r15 = (uint64_t)g[REG_R15], .r14 = (uint64_t)g[REG_R14], .r13 = (uint64_t)g[REG_R13],
        .r12 = (uint64_t)g[REG_R12], .r11 = (uint64_t)g[REG_R11], .r10 = (uint64_t)g[REG_R10],
        .r9 = (uint64_t)g[REG_R9],   .r8 = (uint64_t)g[REG_R8],   .rbp = (uint64_t)g[REG_RBP],
        .rdi = (uint64_t)g[REG_RDI], .rsi = (uint64_t)g[REG_RSI], .rdx = (uint64_t)g[REG_RDX],
        .rcx = (uint64_t)g[REG_RCX], .rbx = (uint64_t)g[REG_RBX], .rax = (uint64_t)g[REG_RAX],
        .vector = vector_of(signal_number, (uint64_t)g[REG_TRAPNO]), .error = (uint64_t)g[REG_ERR],
        .rip = (uint64_t)g[REG_RIP], .cs = USER_CS, .rsp = (uint64_t)g[REG_RSP], .ss = USER_SS,
        .rflags = (uint64_t)g[REG_EFL] & ~RFLAGS_IF, .fault_address = (uint64_t)g[REG_CR2],
    };
    if (platform_irq_enabled)
        frame->rflags |= RFLAGS_IF;
}

static void store_frame(ucontext_t *context, const struct trap_frame *frame) {
    greg_t *g = context->uc_mcontext.gregs;
    g[REG_R15] = (greg_t)frame->r15, g[REG_R14] = (greg_t)frame->r14, g[REG_R13] = (greg_t)frame->r13;
    g[REG_R12] = (greg_t)frame->r12, g[REG_R11] = (greg_t)frame->r11, g[REG_R10] = (greg_t)frame->r10;
    g[REG_R9] = (greg_t)frame->r9, g[REG_R8] = (greg_t)frame->r8, g[REG_RBP] = (greg_t)frame->rbp;
    g[REG_RDI] = (greg_t)frame->rdi, g[REG_RSI] = (greg_t)frame->rsi, g[REG_RDX] = (greg_t)frame->rdx;
    g[REG_RCX] = (greg_t)frame->rcx, g[REG_RBX] = (greg_t)frame->rbx, g[REG_RAX] = (greg_t)frame->rax;
    g[REG_RIP] = (greg_t)frame->rip, g[REG_RSP] = (greg_t)frame->rsp;
    g[REG_EFL] = (greg_t)(frame->rflags | RFLAGS_IF);
}

// Put the 464 architectural bytes back into the signal frame, and see that the return from the signal loads them.
static void store_fpu(ucontext_t *context, const uint8_t *image) {
    uint8_t *area = (uint8_t *)context->uc_mcontext.fpregs;
    uint32_t magic;
    memcpy(area, image, FXSAVE_SIZE);
    memcpy(&magic, area + FXSAVE_SIZE, sizeof(magic));
    if (magic == XSAVE_MAGIC)
        area[512] |= 3;
}

static void dispatch(struct trap_frame *frame, int signal_number) {
    process_fault(frame);
    if (signal_number == SIGALRM && process_ended(frame))
        return;
    if (signal_number == SIGALRM)
        trap_timer(frame);
    else if (!guarded_fix(frame))
        trap_fault(frame);
}

static void handler(int signal_number, siginfo_t *info, void *opaque) {
    uint64_t gs_base = rdgsbase(), fs_base = rdfsbase();
    wrfsbase(platform_host_fs_base);
    (void)info;
    if (signal_number == SIGALRM && !platform_irq_enabled) {
        platform_irq_pending = 1;
        hosted_clock_again();
        wrfsbase(fs_base);
        return;
    }
    struct trap_frame frame;
    alignas(16) uint8_t fpu[512];
    ucontext_t *context = opaque;
    load_frame(&frame, context, signal_number);
    frame.gs_base = gs_base;
    frame.fs_base = fs_base;
    memcpy(fpu, context->uc_mcontext.fpregs, sizeof(fpu));
    frame.fpu = fpu;
    platform_irq_enabled = 0;
    dispatch(&frame, signal_number);
    store_fpu(context, fpu);
    store_frame(context, &frame);
    bool enable = (frame.rflags & RFLAGS_IF) != 0;
    irq_restore(enable);
    gs_base = frame.gs_base;
    fs_base = frame.fs_base;
    wrgsbase(gs_base);
    wrfsbase(fs_base);
}

bool trap_in_domain(const struct trap_frame *frame) {
    return frame->rip - BH_SLOT_AREA < BH_SLOT_COUNT * BH_SLOT_SIZE || process_waits(frame);
}

bool trap_in_kernel(const struct trap_frame *frame) {
    return frame->rip >= (uint64_t)__executable_start && frame->rip < (uint64_t)etext;
}

bool trap_unprivileged(const struct trap_frame *frame) {
    return frame->cs == PROCESS_CS;
}

struct trap_frame *trap_resumable(struct trap_frame *frame) {
    return frame;
}

void trap_into_kernel(struct trap_frame *frame, const uint64_t bases[2]) {
    frame->cs = USER_CS;
    frame->gs_base = bases[0];
    frame->fs_base = bases[1];
}

int hosted_trap_start(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
    stack_t stack = {.ss_size = TRAP_STACK_SIZE};
    stack.ss_sp = mmap(NULL, TRAP_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) < 0) {
        fprintf(stderr, "bulkhead: cannot make a signal stack: %s\n", strerror(errno));
        return -1;
    }
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaddset(&action.sa_mask, SIGALRM);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        if (sigaction(signals[i], &action, NULL) < 0) {
            fprintf(stderr, "bulkhead: cannot handle signal %d: %s\n", signals[i], strerror(errno));
            return -1;
        }
    return 0;
}
