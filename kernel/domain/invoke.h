// SPDX-License-Identifier: MIT
//
// Invocation records: how a thread entered a domain, and how it gets out again whatever happens inside.
// Pushed on the control stack by the proxies (arch/x86_64/proxy.S), one per crossing.
#ifndef BH_INVOKE_H
#define BH_INVOKE_H

#include <stdint.h>
#include "kernel/abi/cap.h"
#include "kernel/abi/error.h"
#include "kernel/sched/thread.h"

struct domain;
struct port;
struct value_rule;

// As on the control stack, lowest address first. Offsets known to arch/x86_64.
struct invocation {
    struct invocation *previous;
    struct domain *caller;
    struct domain *callee;
    uint64_t caller_data_stack; // word 0 at the time of the call
    uint32_t badge;             // of the capability that was called through; 0: none
    bh_cap answer;              // what the callee's own callees answer with: 0 nothing, INVOKE_ACCEPTS, or the capability that one gave
    uint64_t rbx, rbp, r12, r13, r14, r15; // callee-saved registers of the caller
    uint64_t resume; // return address into the caller; replaced when the caller dies meanwhile
};

#define INVOKE_ACCEPTS 0xffffffffu // the callee lets the next domain that it calls answer with a capability

// In the type that a generated proxy gives to invoke_give_cap and its like: the first capability of a call.
#define INVOKE_FIRST 0x10000u
#define INVOKE_TYPE_MASK 0xffffu // the lower bits: enum bh_cap_type
#define INVOKE_RIGHTS_SHIFT 20   // ten bits: the rights that the caller must have and the callee gets, none: all that the caller has
#define INVOKE_RIGHTS_MASK 0x3ffu
#define INVOKE_RING_SHIFT 32     // the upper half of the type that a ring must have, 0: any

// Kernel calls a method of a domain's port (VM exits, for one). Up to five words. Results: the error, and in
// *value the method's scalar result. BH_EDEAD when the server is dead or dies during the call. Runs the domain with
// interrupts enabled, returns with them disabled.
enum bh_error invoke_port(struct port *port, uint32_t method, const uint64_t arguments[5], uint64_t *value);

// The same from kernel code that is outside, without the kernel's lock and with interrupts disabled, for a method without a result.
enum invoke_state : uint64_t {
    INVOKE_INSIDE,  // the server died meanwhile: the kernel's lock is held now
    INVOKE_OUTSIDE, // done
    INVOKE_NOT,     // not done: the server does not run, or something has to be leased or translated first; invoke_port() is the way
};
struct invoke_outcome {
    enum bh_error error;
    enum invoke_state state;
};
struct invoke_outcome invoke_port_outside(struct port *port, uint32_t method, const uint64_t arguments[5]);

// Run a checked function of `domain` on the current thread: the first call of a domain thread. Returns
// when the function returns or the domain dies (BH_EDEAD).
enum bh_error invoke_entry(struct domain *domain, uint64_t entry, uint64_t argument);

// Make *frame resume the caller of the record that entered `dead`, with BH_EDEAD (crash.c, from traps). Records of a call that `dead`
// was just making are dropped.
void invoke_unwind_domain(struct thread *thread, struct domain *dead, struct trap_frame *frame);
// The same for the innermost record, whatever it entered.
void invoke_unwind_frame(struct thread *thread, struct trap_frame *frame);
// The same for a thread that is not running: its next resumption takes that way.
void invoke_unwind_thread(struct thread *thread);
// The interrupted thread waited for the kernel's lock, and its domain died meanwhile, or its callee: then *frame resumes the way out.
bool invoke_settle(struct thread *thread, struct trap_frame *frame);
// `dead` died: every record of `thread` whose caller is `dead` will, on return, unwind one further.
void invoke_doom_callers(struct thread *thread, struct domain *dead);
// Capabilities as results: the calling domain accepts one before it calls, the domain called answers with one, the former takes it.
enum bh_error invoke_accept(void);
enum bh_error invoke_answer(bh_cap cap);
enum bh_error invoke_taken(bh_cap *cap); // BH_ENOENT, not logged, when there was no answer
// For the glue of kernel interfaces: a value that the calling domain passed, by the rules of its type. BH_EINVAL, logged.
enum bh_error invoke_check_values(const struct value_rule *rules, const void *value);
// The oldest of the waits in which calls of other domains, and exits of vCPUs, into this one are, by its number, which is never used again; 0: none waits.
uint64_t invoke_oldest_wait(const struct domain *domain);
// Is `rip` inside a proxy (generated or hand-written)?
bool invoke_in_proxy(uint64_t rip);

#endif
