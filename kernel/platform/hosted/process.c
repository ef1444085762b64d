// SPDX-License-Identifier: MIT
//
// Isolation "process": the domain's code runs in a Linux process of its own, which has the slot's memory at the same addresses and nothing else of the
// kernel (child/). Calls go over by mailboxes (process.h, process.S). What is mapped in the slot is mapped there, too, before the kernel goes on: a keeper in the
// process does what a page says that only the kernel can write, and tells the end of it by an eventfd, which the domain's threads cannot write.
// The domain's threads may wait and wake, and no system call else; a process that ends takes its domain with it.
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel/base.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/platform/hosted/hosted.h"
#include "kernel/platform/hosted/process.h"
#include "kernel/platform/hosted/processes.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/sched.h"

#define SHARED_SIZE (BH_PAGE_SIZE + (MAILBOX_COUNT << MAILBOX_SHIFT))
#define FD_FIRST 16 // above those of the child
#define STOP_NS 50000000
static_assert(MAILBOX_COUNT == THREAD_COUNT);

extern const uint8_t process_child[], process_child_end[], process_page[], process_page_wait[], __start_text_wait[], __stop_text_wait[];
extern const uint8_t process_fault_point[];

static struct process {
    pid_t pid; // 0: none
    int handle, done, shared;
    uint8_t *memory; // request page, mailboxes
    uint64_t threads[MAILBOX_COUNT / 64];
} processes[BH_SLOT_COUNT];

static struct process *process_of(uint64_t va) {
    uint64_t slot = (va - BH_SLOT_AREA) / BH_SLOT_SIZE;
    return va >= BH_SLOT_AREA && slot < BH_SLOT_COUNT && processes[slot].pid ? &processes[slot] : NULL;
}

static void put(struct process *process, unsigned offset, uint64_t value) {
    *(volatile uint64_t *)(process->memory + offset) = value;
}

static void futex_wake(const void *word) {
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

// The keeper is through with its last request; false: the process is no more.
static bool await_keeper(struct process *process) {
    struct pollfd both[2] = {{process->done, POLLIN, 0}, {process->handle, POLLIN, 0}};
    uint64_t count;
    while (poll(both, 2, -1) < 0 && errno == EINTR)
        ;
    return (both[0].revents & POLLIN) && read(process->done, &count, sizeof(count)) == sizeof(count);
}

static bool ask(struct process *process, uint32_t operation, uint64_t va, uint64_t size, uint64_t protection) {
    volatile uint32_t *number = (volatile uint32_t *)(process->memory + REQUEST_NUMBER);
    *(volatile uint32_t *)(process->memory + REQUEST_OPERATION) = operation;
    put(process, REQUEST_VA, va);
    put(process, REQUEST_SIZE, size);
    put(process, REQUEST_PROTECTION, protection);
    *number = *number + 1;
    futex_wake((const void *)number);
    return await_keeper(process);
}

static void ask_to_map(uint64_t va, uint64_t size, int protection, int flags, int file, uint64_t offset) {
    struct process *process = process_of(va);
    if (!process)
        return;
    put(process, REQUEST_FLAGS, (uint64_t)(flags | MAP_FIXED));
    put(process, REQUEST_FILE, (uint64_t)file);
    put(process, REQUEST_OFFSET, offset);
    (void)ask(process, OPERATION_MAP, va, size, (uint64_t)protection);
}

void process_map(uint64_t va, uint64_t offset, uint64_t size, int protection) {
    ask_to_map(va, size, protection, MAP_SHARED, CHILD_MEMORY_FD, offset);
}

void process_unmap(uint64_t va, uint64_t size) {
    ask_to_map(va, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

void process_protect(uint64_t va, uint64_t size, int protection) {
    struct process *process = process_of(va);
    if (process)
        (void)ask(process, OPERATION_PROTECT, va, size, (uint64_t)protection);
}

// A file descriptor that no dup2 of the child's goes over.
static int out_of_the_way(int fd) {
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_FIRST);
    if (fd >= 0)
        close(fd);
    return high;
}

// The child's program, as a file without a name.
static int program(void) {
    static int fd = -1;
    size_t size = (size_t)(process_child_end - process_child);
    if (fd >= 0)
        return fd;
    fd = out_of_the_way(memfd_create("bulkhead-domain", MFD_CLOEXEC));
    if (fd >= 0 && write(fd, process_child, size) != (ssize_t)size) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int spawn(struct process *process, uint64_t base) {
    char path[32], slot[24];
    char *const arguments[] = {"bulkhead-domain", slot, NULL}, *const environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", program());
    snprintf(slot, sizeof(slot), "%llu", (unsigned long long)base);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, hosted_memory_file(), FD_FIRST - 1); // it may stand where another one goes
    posix_spawn_file_actions_adddup2(&actions, process->shared, CHILD_SHARED_FD);
    posix_spawn_file_actions_adddup2(&actions, process->done, CHILD_DONE_FD);
    posix_spawn_file_actions_adddup2(&actions, FD_FIRST - 1, CHILD_MEMORY_FD);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int error = posix_spawn(&process->pid, path, &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void let_go(struct process *process) {
    if (process->memory && process->memory != MAP_FAILED)
        munmap(process->memory, SHARED_SIZE);
    const int fds[] = {process->handle, process->done, process->shared};
    for (int i = 0; i < 3; i++)
        if (fds[i] > 0)
            close(fds[i]);
    *process = (struct process){0};
}

void process_end(struct domain *domain) {
    struct process *process = &processes[domain->id];
    if (!process->pid)
        return;
    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    let_go(process);
    domain->space = 0;
}

enum bh_error process_start(struct domain *domain) {
    struct process *process = &processes[domain->id];
    process->done = out_of_the_way(eventfd(0, EFD_CLOEXEC));
    process->shared = out_of_the_way(memfd_create("bulkhead-mailboxes", MFD_CLOEXEC));
    int error = process->done < 0 || process->shared < 0 || program() < 0 || ftruncate(process->shared, SHARED_SIZE) < 0 ? errno : 0;
    if (!error) {
        process->memory = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, process->shared, 0);
        error = process->memory == MAP_FAILED ? errno : spawn(process, domain->base);
    }
    if (error) {
        let_go(process);
        return refuse(BH_ENOMEM, "%s: no process for it: %s", domain->name, strerror(error));
    }
    process->handle = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (!await_keeper(process)) {
        process_end(domain);
        return refuse(BH_ENOMEM, "%s: its process ended before it began", domain->name);
    }
    domain->space = (uint64_t)process->memory + BH_PAGE_SIZE;
    return BH_OK;
}

enum bh_error process_thread(struct domain *domain, uint32_t thread) {
    struct process *process = &processes[domain->id];
    uint64_t begin = domain->base + BH_SLOT_DOOR + (uint64_t)(process_page_wait - process_page);
    const stack_t stack = {.ss_sp = (void *)(CHILD_STACKS + (uint64_t)thread * CHILD_STACK_SIZE), .ss_size = CHILD_STACK_SIZE};
    if (process->threads[thread / 64] >> thread % 64 & 1)
        return BH_OK;
    memcpy(process->memory + REQUEST_SIGNAL_STACK, &stack, sizeof(stack));
    if (!ask(process, OPERATION_THREAD, CHILD_MAILBOXES + ((uint64_t)thread << MAILBOX_SHIFT), begin, 0))
        return refuse(BH_ENOMEM, "%s: its process has no room for another thread", domain->name);
    process->threads[thread / 64] |= 1ull << thread % 64;
    return BH_OK;
}

bool process_waits(const struct trap_frame *frame) {
    return frame->rip >= (uint64_t)__start_text_wait && frame->rip < (uint64_t)__stop_text_wait;
}

static uint64_t in_mailbox(const uint8_t *mailbox, unsigned offset) {
    return *(const volatile uint64_t *)(mailbox + offset);
}

bool process_where(const struct domain *domain, uint32_t thread, uint64_t *rip, uint64_t *frame_pointer) {
    const struct process *process = &processes[domain->id];
    const uint8_t *mailbox = process->memory + BH_PAGE_SIZE + ((uint64_t)thread << MAILBOX_SHIFT);
    const volatile uint32_t *stopped = (const volatile uint32_t *)(mailbox + MAILBOX_STOPPED);
    const struct timespec limit = {0, STOP_NS};
    if (!process->pid)
        return false;
    if (!*stopped && syscall(SYS_tgkill, process->pid, (int)in_mailbox(mailbox, MAILBOX_VECTOR), SIGUSR1) == 0)
        syscall(SYS_futex, stopped, FUTEX_WAIT, 0, &limit, NULL, 0);
    *rip = in_mailbox(mailbox, MAILBOX_RIP);
    *frame_pointer = in_mailbox(mailbox, MAILBOX_RBP);
    return *stopped;
}

void process_fault(struct trap_frame *frame) {
    if (frame->rip != (uint64_t)process_fault_point)
        return;
    const uint8_t *mailbox = (const uint8_t *)frame->r12;
    frame->vector = in_mailbox(mailbox, MAILBOX_VECTOR) & 31;
    frame->error = in_mailbox(mailbox, MAILBOX_ERROR);
    frame->fault_address = in_mailbox(mailbox, MAILBOX_ADDRESS);
    frame->rip = in_mailbox(mailbox, MAILBOX_RIP);
    frame->rsp = in_mailbox(mailbox, MAILBOX_RSP);
    frame->rbp = in_mailbox(mailbox, MAILBOX_RBP);
    frame->cs = PROCESS_CS;
}

bool process_ended(struct trap_frame *frame) {
    struct thread *thread = sched_current();
    for (uint32_t id = 1; id < BH_SLOT_COUNT && process_waits(frame); id++) {
        struct domain *domain = domain_get(id);
        siginfo_t info = {0};
        if (!processes[id].pid || waitid(P_PID, (id_t)processes[id].pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
            continue;
        crash_domain(domain, BH_CRASH_KILLED, frame, 0, "its process ended (%s %d)", info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
        if (thread->domain != domain)
            continue;
        thread->unwind = 0;
        invoke_unwind_domain(thread, domain, frame);
        clock_arm(clock_now_ns());
        return true;
    }
    return false;
}
