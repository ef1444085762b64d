// SPDX-License-Identifier: MIT
//
// Into domains from the kernel, and out of dead ones. A thread leaves a dead domain through the innermost record that entered it: a
// running or preempted thread by resuming at invoke_landing, one in a kernel call by its `unwind` flag, one that is further
// inside (the dead domain called somebody) by the `resume` word of that call's record. Threads on other processors are found waiting for the
// kernel's lock, or in code that was interrupted; who gets the lock looks at `unwind` before anything else.
#include "kernel/domain/invoke.h"

#include "kernel/arch/x86_64/regs.h"
#include "kernel/base.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/caps.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/mechanism.h"
#include "kernel/domain/values.h"
#include "kernel/exchange/buffers.h"
#include "kernel/exchange/rings.h"
#include "kernel/mm/stacks.h"

enum bh_error invoke_enter(struct domain *callee, uint64_t entry, uint64_t first, const uint64_t arguments[5], uint64_t *value);
struct invoke_outcome invoke_enter_outside(struct domain *callee, uint64_t entry, uint64_t first, const uint64_t arguments[5]);
void invoke_landing(void);
void invoke_abandon(bool passed);
void invoke_stack_low(void);
void invoke_stack_astray(struct domain *domain);
enum bh_error invoke_bad_value(const struct value_rule *rule, uint64_t value);
enum bh_error invoke_bad_result(const struct value_rule *rule, uint64_t value);
enum bh_error invoke_too_long(uint64_t limit, uint64_t size);
uint64_t invoke_lease(struct thread *thread, struct domain *to, const struct port *port);
uint64_t invoke_give_cap(struct domain *from, struct domain *to, uint64_t index, uint64_t type, const struct port *port);
uint64_t invoke_return_cap(uint64_t index, uint64_t type);
uint64_t invoke_move_buffer(struct domain *from, struct domain *to, uint64_t index, uint64_t type, const struct port *port);
uint64_t invoke_lend_buffer(struct domain *from, struct domain *to, uint64_t index, uint64_t type, const struct port *port);
extern const uint8_t __start_text_proxy[], __stop_text_proxy[];

static enum bh_error enter(struct domain *domain, uint64_t entry, uint64_t first, const uint64_t arguments[5], uint64_t *value) {
    struct thread *thread = thread_current();
    if (domain->state != DOMAIN_RUNNING)
        return BH_EDEAD;
    if (!thread->data_stacks[domain->id] && !stacks_lease(thread, domain))
        return BH_ENOMEM;
    irq_before_resume();
    return invoke_enter(domain, mechanism_enter(domain, entry), first, arguments, value);
}

// Apart, so that the way without obstacles needs no stack frame: each VM exit takes it.
static __attribute__((noinline)) enum bh_error enter_port(struct port *port, uint32_t method, const uint64_t arguments[5], uint64_t *value) {
    if (!port->serving || method >= port->method_count)
        return BH_EDEAD;
    return enter(port->server, port->server->mechanism ? port->entries[method] : port->methods[method], port->object, arguments, value);
}

static inline bool nothing_in_the_way(const struct port *port, uint32_t method) {
    const struct domain *domain = port->server;
    return port->serving && method < port->method_count && domain->state == DOMAIN_RUNNING && thread_current()->data_stacks[domain->id] &&
           !domain->mechanism;
}

enum bh_error invoke_port(struct port *port, uint32_t method, const uint64_t arguments[5], uint64_t *value) {
    if (!nothing_in_the_way(port, method) || platform_irq_pending)
        return enter_port(port, method, arguments, value);
    return invoke_enter(port->server, port->methods[method], port->object, arguments, value);
}

struct invoke_outcome invoke_port_outside(struct port *port, uint32_t method, const uint64_t arguments[5]) {
    if (!nothing_in_the_way(port, method))
        return (struct invoke_outcome){BH_OK, INVOKE_NOT};
    return invoke_enter_outside(port->server, port->methods[method], port->object, arguments);
}

enum bh_error invoke_entry(struct domain *domain, uint64_t entry, uint64_t argument) {
    uint64_t arguments[5] = {0}, unused;
    struct trace_call call;
    trace_into_domain(&call, domain->id, BH_TRACE_THREAD, (uint64_t)__builtin_frame_address(0));
    enum bh_error error = enter(domain, entry, argument, arguments, &unused);
    trace_out_of_domain(&call, error);
    return error;
}

struct oldest {
    const struct domain *domain;
    uint64_t number;
};

static void consider_wait(struct thread *thread, void *context) {
    struct oldest *oldest = context;
    const struct invocation *record = thread->top;
    if (thread->state != THREAD_WAITING || thread->domain != oldest->domain || !record || record->callee != oldest->domain || record->caller == oldest->domain)
        return;
    if (record->caller == &kernel_domain && thread->home == oldest->domain)
        return; // its own thread, begun there; else it is a vCPU with its exit
    if (!oldest->number || thread->wait_number < oldest->number)
        oldest->number = thread->wait_number;
}

uint64_t invoke_oldest_wait(const struct domain *domain) {
    struct oldest oldest = {.domain = domain};
    thread_each(consider_wait, &oldest);
    return oldest.number;
}

bool invoke_in_proxy(uint64_t rip) {
    return rip >= (uint64_t)__start_text_proxy && rip < (uint64_t)__stop_text_proxy;
}

// Records whose call the dead domain was just making are no way out of it.
static void drop_half_made(struct thread *thread, const struct domain *dead) {
    while (thread->top && thread->top->callee != dead)
        thread->top = thread->top->previous;
    BH_ASSERT(thread->top);
}

bool invoke_settle(struct thread *thread, struct trap_frame *frame) {
    if (!thread->unwind)
        return false;
    if (thread->unwind & UNWIND_DOMAIN)
        drop_half_made(thread, thread->domain);
    thread->unwind = 0;
    invoke_unwind_frame(thread, frame);
    return true;
}

// A proxy found, when it got the kernel's lock, that its call cannot go on. `passed`: capabilities were given to the callee already. The
// dead keep none.
void invoke_abandon(bool passed) {
    struct thread *thread = thread_current();
    while (passed && !(thread->unwind & UNWIND_CALLEE) && thread->passed_count)
        caps_take_back(thread->top->callee, thread->passed[--thread->passed_count]);
    if (thread->unwind & UNWIND_DOMAIN)
        drop_half_made(thread, thread->domain);
}

void invoke_unwind_frame(struct thread *thread, struct trap_frame *frame) {
    frame->rip = (uint64_t)invoke_landing;
    frame->rsp = (uint64_t)thread->top;
    frame->rflags = RFLAGS_FIXED | RFLAGS_IF;
    trap_into_kernel(frame, thread->bases);
}

void invoke_unwind_domain(struct thread *thread, struct domain *dead, struct trap_frame *frame) {
    drop_half_made(thread, dead);
    invoke_unwind_frame(thread, frame);
}

void invoke_unwind_thread(struct thread *thread) {
    invoke_unwind_frame(thread, &thread->frame);
}

void invoke_doom_callers(struct thread *thread, struct domain *dead) {
    for (struct invocation *record = thread->top; record; record = record->previous)
        if (record->caller == dead) {
            record->resume = (uint64_t)invoke_landing;
            ((uint64_t *)record)[-1] = 0; // its data stack is gone
        }
}

void invoke_stack_low(void) {
    struct domain *domain = sched_current()->domain; // not on a control stack
    crash_domain(domain, BH_CRASH_CONTROL_STACK, NULL, 0, "too little control stack left for another call");
}

void invoke_stack_astray(struct domain *domain) {
    crash_domain(domain, BH_CRASH_PROTOCOL, NULL, 0, "called out with a data stack pointer that is outside of its stacks");
}

// A proxy that waited for the kernel's lock looks again whether its caller may call, with the badge that the proxy read: its capability may
// have been revoked meanwhile, and when a revocation has returned no call begins through what it took away.
static enum bh_error may_still_call(const struct thread *thread, const struct port *port) {
    const struct domain *from = thread->domain;
    uint32_t badge = thread->top->badge;
    for (uint32_t index = 1; index < from->cap_count; index++) {
        const struct port *now = from->callable[index];
        if ((now == port || now->behind == port || now == port->behind) && from->badges[index] == badge) // a shadow may have come between, or gone
            return BH_OK;
    }
    return refuse(BH_EREVOKED, "call of %s: the capability was revoked while %s was about to use it", port->name, from->name);
}

uint64_t invoke_lease(struct thread *thread, struct domain *to, const struct port *port) {
    enum bh_error error = may_still_call(thread, port);
    uint64_t stack = error ? 0 : stacks_lease(thread, to);
    return stack ? stack : (uint64_t)(int64_t)(error ? error : BH_ENOMEM);
}

enum bh_error invoke_bad_value(const struct value_rule *rule, uint64_t value) {
    return refuse(BH_EINVAL, "%s: %s passes %llu (0x%llx)", rule->what, thread_current()->domain->name, (unsigned long long)value,
                  (unsigned long long)value);
}

enum bh_error invoke_check_values(const struct value_rule *rules, const void *value) {
    struct value_refused refused = values_check(rules, NULL, value);
    return refused.rule ? invoke_bad_value(refused.rule, refused.value) : BH_OK;
}

// A shadow may return what its own call of the server said of the call itself, like BH_EDEAD, which no method fails with.
enum bh_error invoke_bad_result(const struct value_rule *rule, uint64_t value) {
    if (rule->place == VALUE_ERROR && thread_current()->top->callee->is_shadow)
        return (enum bh_error)(int32_t)value;
    return refuse(BH_EPROTO, "%s: %s returns %llu (0x%llx)", rule->what, thread_current()->top->callee->name, (unsigned long long)value,
                  (unsigned long long)value);
}

enum bh_error invoke_too_long(uint64_t limit, uint64_t size) {
    return refuse(BH_ERANGE, "%s passes %llu bytes in a call, the limit is %llu", thread_current()->domain->name, (unsigned long long)size,
                  (unsigned long long)limit);
}

// A method's capabilities are passed one after the other, and a later one may be refused: then the earlier ones are taken back, so that
// no call leaves anything with a server that was never entered.
static uint64_t passed(struct domain *to, uint64_t type, enum bh_error error, bh_cap theirs) {
    struct thread *thread = thread_current();
    if (type & INVOKE_FIRST)
        thread->passed_count = 0;
    if (!error) {
        BH_ASSERT(thread->passed_count < sizeof(thread->passed) / sizeof(*thread->passed));
        thread->passed[thread->passed_count++] = theirs;
        return theirs;
    }
    while (thread->passed_count)
        caps_take_back(to, thread->passed[--thread->passed_count]);
    return (uint64_t)(int64_t)error;
}

// What an interface says of a capability that goes from one domain to another, `type', is true of this one.
static enum bh_error find_passed(struct domain *from, const char *what, uint64_t index, uint64_t type, struct cap **cap) {
    uint32_t rights = type >> INVOKE_RIGHTS_SHIFT & INVOKE_RIGHTS_MASK, ring_type = (uint32_t)(type >> INVOKE_RING_SHIFT);
    enum bh_error error = caps_get(from, what, (bh_cap)index, (enum bh_cap_type)(type & INVOKE_TYPE_MASK), BH_RIGHT_GRANT | rights, cap);
    if (!error && ring_type && ring_type != ((struct ring *)(*cap)->object)->type >> 32)
        error = refuse(BH_ECAP, "%s: ring %s is of another type", what, ((struct ring *)(*cap)->object)->name);
    return error;
}

static enum bh_error hand_over(struct domain *from, struct domain *to, uint64_t index, uint64_t type, const struct cap *cap, bh_cap *theirs) {
    uint32_t rights = type >> INVOKE_RIGHTS_SHIFT & INVOKE_RIGHTS_MASK;
    if (rights && to->is_shadow)
        rights |= BH_RIGHT_GRANT; // which it passes on as the interface says
    return caps_insert(to, cap->type, rights ? rights : cap->rights, cap->object, NULL, caps_reference(from, (bh_cap)index), theirs);
}

uint64_t invoke_give_cap(struct domain *from, struct domain *to, uint64_t index, uint64_t type, const struct port *port) {
    struct cap *cap;
    bh_cap theirs = BH_CAP_NONE;
    enum bh_error error = may_still_call(thread_current(), port);
    if (!error)
        error = find_passed(from, "passing a capability", index, type, &cap);
    if (!error)
        error = hand_over(from, to, index, type, cap, &theirs);
    return passed(to, type, error, theirs);
}

// A method has returned with a capability of its server's, number `index'. The caller gets one that is derived from it, or nothing: what the
// interface does not allow is the server's fault, a full table the caller's. Nobody takes it when the caller died meanwhile.
uint64_t invoke_return_cap(uint64_t index, uint64_t type) {
    const struct thread *thread = thread_current();
    const struct invocation *own = thread->top;
    struct cap *cap;
    bh_cap theirs = BH_CAP_NONE;
    if (thread->unwind || own->resume == (uint64_t)invoke_landing)
        return (uint64_t)(int64_t)BH_EDEAD;
    enum bh_error error = find_passed(own->callee, "returning a capability", index, type, &cap);
    if (error)
        error = refuse(BH_EPROTO, "%s returns capability %u to %s, which its interface does not allow", own->callee->name, (bh_cap)index, own->caller->name);
    else
        error = hand_over(own->callee, own->caller, index, type, cap, &theirs);
    if (!error && own->callee->is_shadow)
        (void)caps_drop(own->callee, (bh_cap)index); // it had it to pass on only: the caller's hangs on the server's from now on
    return error ? (uint64_t)(int64_t)error : theirs;
}

// Always the last of a method: it cannot be taken back.
uint64_t invoke_move_buffer(struct domain *from, struct domain *to, uint64_t index, uint64_t type, const struct port *port) {
    bh_cap theirs = BH_CAP_NONE;
    enum bh_error error = may_still_call(thread_current(), port);
    if (!error)
        error = buffers_move(from, to, (bh_cap)index, &theirs);
    return passed(to, type, error, theirs);
}

uint64_t invoke_lend_buffer(struct domain *from, struct domain *to, uint64_t index, uint64_t type, const struct port *port) {
    bh_cap theirs = BH_CAP_NONE;
    enum bh_error error = may_still_call(thread_current(), port);
    if (!error)
        error = buffers_lend(from, to, (bh_cap)index, type >> INVOKE_RIGHTS_SHIFT & INVOKE_RIGHTS_MASK, &theirs);
    return passed(to, type, error, theirs);
}

// The innermost record is that of the call in which the domain runs; its caller's own is the one before.
enum bh_error invoke_accept(void) {
    struct invocation *own = thread_current()->top;
    if (own->answer && own->answer != INVOKE_ACCEPTS)
        return refuse(BH_EBUSY, "cap_accept: capability %u, with which a call was answered, was not taken", own->answer);
    own->answer = INVOKE_ACCEPTS;
    return BH_OK;
}

enum bh_error invoke_answer(bh_cap cap) {
    const struct invocation *own = thread_current()->top;
    struct invocation *callers = own->previous;
    if (own->caller == &kernel_domain || !callers || callers->answer != INVOKE_ACCEPTS)
        return refuse(BH_EINVAL, "cap_answer: %s accepts none, or has one already", own->caller->name);
    if (own->resume == (uint64_t)invoke_landing)
        return refuse(BH_EDEAD, "cap_answer: the instance of %s that called is dead", own->caller->name);
    return caps_pass(own->callee, "cap_answer", cap, BH_CAP_EMPTY, own->caller, &callers->answer);
}

enum bh_error invoke_taken(bh_cap *cap) {
    struct invocation *own = thread_current()->top;
    bh_cap answer = own->answer;
    own->answer = BH_CAP_NONE;
    if (!answer || answer == INVOKE_ACCEPTS)
        return BH_ENOENT;
    *cap = answer;
    return BH_OK;
}
