// SPDX-License-Identifier: MIT
//
// The trace of calls from domains into the kernel, and of the kernel's own into domains. The kernel's lock is held, interrupts are disabled. The thread
// remembers its call, not the control stack, whose words below its frames are the domain's.
#include "kernel/abi/slot.h"
#include "kernel/arch/x86_64/regs.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/domain.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/thread.h"

void trace_gate_enter(uint32_t method) {
    struct thread *thread = thread_current();
    thread->trace_method = method;
    thread->trace_start = rdtsc();
    if (thread->domain->id != trace_reader)
        TRACE(GATE, thread->domain->id, method, thread->gate % BH_CONTROL_STACK_SIZE);
}

#define ERROR_LEAST -63

void trace_gate_return(int32_t result) {
    struct thread *thread = thread_current();
    int32_t error = result < 0 && result >= ERROR_LEAST ? result : 0; // some calls return a time, an address, a count
    uint32_t domain = thread->domain->id;
    if (trace_classes & BH_TRACE_STATISTICS)
        trace_count(&trace_rings[thread->cpu->id], trace_key(domain, 0, thread->trace_method), error, rdtsc() - thread->trace_start);
    if (domain != trace_reader)
        TRACE(GATE_RETURN, domain, error, thread->gate % BH_CONTROL_STACK_SIZE);
}

void trace_into_domain(struct trace_call *call, uint32_t domain, uint32_t method, uint64_t frame) {
    *call = (struct trace_call){rdtsc(), frame % BH_CONTROL_STACK_SIZE, domain, method};
    TRACE(CALL, 0, method, call->frame | domain << 16);
}

void trace_out_of_domain(const struct trace_call *call, int32_t error) {
    if (trace_classes & BH_TRACE_STATISTICS)
        trace_count(&trace_rings[cpu_self()->id], trace_key(0, call->domain, call->method), error, rdtsc() - call->start);
    TRACE(RETURN, 0, error, call->frame);
}
