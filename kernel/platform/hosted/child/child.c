// SPDX-License-Identifier: MIT
//
// The process of a domain (isolation "process"), before and beside the keeper (keeper.S): a program of its own without a C library, so that nothing of
// the kernel is in it. It reserves the slot, maps what it shares with the kernel, and takes signals. A domain's thread that gets one tells the kernel its registers
// and stays where it is: the kernel ends the process, or it has asked only to see where the thread is, and then ends it.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "kernel/abi/slot.h"
#include "kernel/platform/hosted/process.h"

#define SA_RESTORER 0x04000000
#define VECTOR_PROTECTION 13

struct kernel_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

void child_prepare(long count, char **arguments);
void child_restorer(void);

// Of the domain's threads: waiting and waking, and nothing else. What else they try becomes a signal.
#define WORD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
static const struct sock_filter rules[] = {
    WORD(arch), UNLESS(AUDIT_ARCH_X86_64, 5),
    WORD(nr), UNLESS(SYS_futex, 3),
    WORD(args[1]), BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1 /* FUTEX_WAKE */, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP)};
const struct sock_fprog child_filter = {sizeof(rules) / sizeof(*rules), (struct sock_filter *)rules};

static long call(long number, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
}

[[noreturn]] static void give_up(long status) {
    for (;;)
        call(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

static void must(long result) {
    if (result < 0 && result > -4096)
        give_up(2);
}

static void map(uint64_t va, uint64_t size, int protection, int flags, int fd, uint64_t offset) {
    must(call(SYS_mmap, (long)va, (long)size, protection, flags | MAP_FIXED_NOREPLACE, fd, (long)offset));
}

static volatile uint64_t *word(uint64_t mailbox, unsigned offset) {
    return (volatile uint64_t *)(mailbox + offset);
}

static void handler(int number, siginfo_t *info, void *opaque) {
    const greg_t *g = ((const ucontext_t *)opaque)->uc_mcontext.gregs;
    uint64_t thread = ((uint64_t)__builtin_frame_address(0) - CHILD_STACKS) / CHILD_STACK_SIZE;
    uint64_t mailbox = CHILD_MAILBOXES + (thread << MAILBOX_SHIFT);
    volatile uint32_t *turn = (volatile uint32_t *)(mailbox + MAILBOX_TURN);
    volatile uint32_t *stopped = (volatile uint32_t *)(mailbox + MAILBOX_STOPPED);
    bool is_fault = number != SIGSYS && number != SIGUSR1;
    (void)info;
    *word(mailbox, MAILBOX_VECTOR) = is_fault ? (uint64_t)g[REG_TRAPNO] : VECTOR_PROTECTION;
    *word(mailbox, MAILBOX_ERROR) = is_fault ? (uint64_t)g[REG_ERR] : 0;
    *word(mailbox, MAILBOX_ADDRESS) = is_fault ? (uint64_t)g[REG_CR2] : 0;
    *word(mailbox, MAILBOX_RIP) = (uint64_t)g[REG_RIP];
    *word(mailbox, MAILBOX_RSP) = (uint64_t)g[REG_RSP];
    *word(mailbox, MAILBOX_RBP) = (uint64_t)g[REG_RBP];
    *stopped = 1;
    if (number == SIGUSR1) {
        call(SYS_futex, (long)stopped, 1, 1, 0, 0, 0);
    } else {
        *(volatile uint32_t *)(mailbox + MAILBOX_KIND) = DOOR_FAULT;
        *turn = 0;
        call(SYS_futex, (long)turn, 1, 1, 0, 0, 0);
    }
    for (;;)
        call(SYS_futex, (long)stopped, 0, 1, 0, 0, 0);
}

static uint64_t number_of(const char *digits) {
    uint64_t value = 0;
    while (*digits)
        value = value * 10 + (uint64_t)(*digits++ - '0');
    return value;
}

void child_prepare(long count, char **arguments) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGUSR1};
    const struct kernel_sigaction action = {handler, SA_SIGINFO | SA_ONSTACK | SA_RESTORER, child_restorer, 0};
    if (count != 2)
        give_up(2);
    must(call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0));
    must(call(SYS_close_range, 0, CHILD_MEMORY_FD - 1, 0, 0, 0, 0));
    must(call(SYS_close_range, CHILD_DONE_FD + 1, UINT32_MAX, 0, 0, 0, 0));
    must(call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0));
    map(number_of(arguments[1]), BH_SLOT_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    map(CHILD_REQUEST, BH_PAGE_SIZE, PROT_READ, MAP_SHARED, CHILD_SHARED_FD, 0);
    map(CHILD_MAILBOXES, MAILBOX_COUNT << MAILBOX_SHIFT, PROT_READ | PROT_WRITE, MAP_SHARED, CHILD_SHARED_FD, BH_PAGE_SIZE);
    map(CHILD_STACKS, MAILBOX_COUNT * CHILD_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        must(call(SYS_rt_sigaction, signals[i], (long)&action, 0, 8, 0, 0));
}
