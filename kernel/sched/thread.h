// SPDX-License-Identifier: MIT
//
// Threads. A thread's control block sits at the base of its control stack, so masking %rsp finds it
// from any code that runs on that stack. Word 0 is the only part that domain code may touch.
#ifndef BH_THREAD_H
#define BH_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kernel/abi/error.h"
#include "kernel/abi/slot.h"
#include "kernel/platform/platform.h"

struct cpu;
struct domain;
struct invocation;
struct event;

enum thread_state : uint32_t {
    THREAD_FREE,
    THREAD_READY,
    THREAD_RUNNING,
    THREAD_WAITING, // for an event or a deadline
    THREAD_ENDED,
};

enum { BASE_OF_PLAIN = 2 }; // in struct thread's bases
enum { THREAD_PRIORITIES = 4 }; // 0 is the highest
#define THREAD_COUNT 128
#define THREADS_PER_DOMAIN 32
#define THREAD_NAME_SIZE 24

// Why a thread is to leave: set by crash.c while all other processors stand still, looked at by whoever gets the kernel's lock.
enum thread_unwind : uint32_t {
    UNWIND_DOMAIN = 1, // its domain died, or it asked to end: out through the record that entered it
    UNWIND_CALLEE = 2, // the other side of the call that its proxy is making (or returning from) died: out through that call's record
};

struct thread {
    // The fast path's words; offsets known to arch/x86_64 (offsets.c).
    uint64_t data_stack;       // word 0: untrusted, address in the current domain's slot
    struct domain *domain;     // whose code runs now; &kernel_domain in the kernel's own threads
    struct invocation *top;    // innermost invocation record
    uint32_t unwind;           // enum thread_unwind, not 0: the gate (proxy, trap handler) takes it out
    uint64_t bases[3];         // what the gs and fs base registers hold, indexed by enum bh_colour; the last of plain domains, no register's
    uint64_t control;          // in a plain domain: the control stack, on which its call of a door goes on (mechanism.inc)
    uint64_t entry;            // where the kernel's own call into a plain domain leads
    uint64_t gate;             // control stack at its last kernel call: where the return address into the domain stands
    uint64_t data_stacks[BH_SLOT_COUNT]; // by domain: where its data stack stands for this thread; 0: none leased, or the domain says so
    uint64_t calls[BH_SLOT_COUNT]; // by domain: calls into it
    uint64_t leased;           // by domain, one bit: whether a data stack is mapped there
    struct cpu *cpu;           // where it runs, or ran last

    // Scheduling. Lock: the kernel's.
    enum thread_state state;
    uint32_t priority;
    uint32_t id;
    bool preempted;            // resume from `frame`, not from `switch_rsp`
    uint64_t switch_rsp;       // control stack at the last voluntary switch
    struct trap_frame frame;   // valid when preempted
    struct thread *next;       // in a run queue or an event's waiters
    struct thread *deadline_next; // in the list of sleepers
    uint64_t deadline_ns;      // 0: none
    struct event *waiting_for; // NULL when only the deadline counts
    uint64_t wait_number;      // of the wait in which it is, or was: they are numbered in the order in which they begin
    enum bh_error wait_result;
    uint32_t passed[5];        // capabilities given to the callee of the call that is being made (invoke.c)
    uint32_t passed_count;
    struct domain *home;       // the domain that made it; &kernel_domain for kernel threads
    uint32_t home_generation;  // of `home` when it was made: a thread that has not run yet dies with that instance
    uint64_t watch_since_ns;   // for how long it computes in one invocation (watchdog.c)
    uint64_t watch_mark;       // what the watchdog compares: record and domain seen at the last tick
    uint64_t trace_start;      // its call into the kernel, while such calls are traced: when it began,
    uint32_t trace_method;     // and which it is
    char name[THREAD_NAME_SIZE];
    alignas(16) uint8_t fpu[512];
};
static_assert(sizeof(struct thread) <= BH_CONTROL_BLOCK_SIZE);

// The thread whose control stack we are on. Not on trap stacks: use sched_current() there.
static inline struct thread *thread_current(void) {
    uint64_t rsp;
    __asm__("mov %%rsp, %0" : "=r"(rsp));
    return (struct thread *)(rsp & ~(BH_CONTROL_STACK_SIZE - 1));
}
struct thread *sched_current(void); // from anywhere; NULL during early boot
uint32_t thread_count(void);        // live ones, without servants
uint64_t threads_calls(const struct domain *domain); // into `domain`, by live threads and by those that ended
void threads_free_ended(void);      // give back what the last thread that ended still holds

// Make a thread that runs entry(argument) in the kernel, or, when home is a real domain, an invocation of
// `entry` (a labelled function of that domain, already checked) with `argument`. Made READY.
enum bh_error thread_create(const char *name, struct domain *home, uint64_t entry, uint64_t argument,
                            uint32_t priority, struct thread **out);
// One of the kernel's that never ends and only does what others cause: a system in which nobody else is left is at its end.
enum bh_error thread_create_servant(const char *name, void (*entry)(void *), uint32_t priority);
[[noreturn]] void thread_end(void);
void thread_yield(void); // to a thread of the same priority, a better one, or one that starves
void thread_yield_if_due(void); // the same, of one that was interrupted: not before the end of a time slice that it got because it had starved
enum bh_error thread_sleep(uint64_t until_ns);
// Each live thread in turn; for killing, listing, backtraces.
void thread_each(void (*visit)(struct thread *thread, void *context), void *context);
// Make a waiting thread ready with this result (used when its domain dies).
void thread_wake(struct thread *thread, enum bh_error result);

// Events: a counter that saturates at one. Raising is allowed from interrupt handlers.
struct event {
    uint32_t signalled;
    bool awaited;     // somebody has waited for it, ever
    uint64_t outside; // number of the signal of another domain that stands, never used again; 0: none does
    struct thread *waiters;
    struct event *forward; // what is raised instead, or NULL; one step
};
bool event_raise(struct event *event); // whether somebody waited for it
void event_raise_outside(struct event *event); // on behalf of another domain than the one it belongs to
enum bh_error event_wait(struct event *event, uint64_t deadline_ns); // 0: no limit; BH_ETIMEDOUT, BH_EDEAD

[[noreturn]] void sched_start(void); // kernel_main ends here; becomes the idle loop
[[noreturn]] void sched_join(void);  // the same for the other processors

#endif
