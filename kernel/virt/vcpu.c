// SPDX-License-Identifier: MIT
//
// A vCPU's life: a kernel thread that runs the guest, hands each exit to the vmm domain through its port, and takes the
// answer back. The guest runs without the kernel's lock, and plain exits are answered without it: VMCB and shared page are touched by the vCPU's own
// thread alone, and the vmm is called as a proxy would. Such a thread is outside all the while; who stops it waits for its next interrupt, which is in the vmm,
// or ends the guest's run at once. Invariants: guest state is in the VMCB and the shared page while the vmm runs; the thread is never switched while in
// guest state (a physical interrupt ends the guest's run first). When the vmm dies the vCPU pauses: its thread ends, its state stays with the exit in hand, and only
// its own guest stands still, until a new instance of the vmm resumes it.
#include "kernel/virt/vcpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"
#include "kernel/base.h"
#include "kernel/debug/log.h"
#include "kernel/debug/trace.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/mm/frames.h"
#include "kernel/sched/cpu.h"
#include "kernel/virt/svm.h"

#define METHOD_EXIT 0
#define SPECIAL_CONTROL 2
#define VCPU_PRIORITY 3

// As a processor that was just switched on.
static void prepare(struct vcpu *vcpu) {
    memset(vcpu->vmcb, 0, sizeof(*vcpu->vmcb));
    svm_prepare(vcpu->vmcb, vcpu->guest->tables.root, vcpu->guest->asid);
    memset(vcpu->fpu, 0, sizeof(vcpu->fpu));
    vcpu->fpu[0] = 0x7f; // FCW 0x037f
    vcpu->fpu[1] = 0x03;
    vcpu->fpu[24] = 0x80; // MXCSR 0x1f80
    vcpu->fpu[25] = 0x1f;
    vcpu->deadline_ns = 0;
}

enum bh_error vcpu_create(struct guest *guest, uint32_t index, struct port *port, void *state_page) {
    hpa frame;
    struct vcpu *vcpu = aligned_alloc(16, (sizeof(*vcpu) + 15) & ~15ull);
    if (!vcpu)
        return refuse(BH_ENOMEM, "guest.vcpu_create: no memory for vCPU %u", index);
    enum bh_error error = frames_alloc(1, 1, &frame);
    if (error) {
        free(vcpu);
        return refuse(error, "guest.vcpu_create: no frame for the VMCB of vCPU %u", index);
    }
    *vcpu = (struct vcpu){.guest = guest, .port = port, .index = index, .state = state_page, .arguments = {index}};
    vcpu->vmcb = platform_direct(frame);
    vcpu->vmcb_address = frame;
    guest->vcpus[index] = vcpu;
    return BH_OK;
}

void vcpu_free(struct vcpu *vcpu) {
    struct guest *guest = vcpu->guest;
    guest->vcpus[vcpu->index] = NULL;
    frames_free(platform_direct_to_hpa(vcpu->vmcb), 1);
    free(vcpu);
    guest_reap(guest);
}

void vcpu_kick(struct vcpu *vcpu) {
    struct thread *thread = vcpu->thread;
    vcpu->kicked = true;
    event_raise(&vcpu->wake);
    if (thread && thread->state == THREAD_RUNNING && thread->cpu != cpu_self())
        cpu_poke(thread->cpu->id); // it may be in the guest there
}

void vcpu_stop(struct vcpu *vcpu) {
    vcpu->stopping = true;
    vcpu_kick(vcpu);
}

static bool attention(const struct vcpu *vcpu) {
    return vcpu->kicked || (vcpu->deadline_ns && clock_now_ns() >= vcpu->deadline_ns);
}

static void describe_kick(struct vcpu *vcpu) {
    struct vmcb *vmcb = vcpu->vmcb;
    if (vmcb->event_injection & VMCB_EVENT_VALID) { // not delivered yet: it goes before anything the vmm injects now
        vmcb->exit_int_info = vmcb->event_injection;
        vmcb->event_injection = 0;
    }
    vcpu->kicked = false;
    vcpu->kick_in_hand = true;
    vcpu->deadline_ns = 0;
    exit_describe_kick(vcpu);
}

static __attribute__((noinline)) enum bh_error exit_traced(struct vcpu *vcpu) {
    struct trace_call call;
    uint64_t unused;
    TRACE(EXIT, 0, vcpu->state->reason, vcpu->vmcb->rip);
    trace_into_domain(&call, vcpu->port->server->id, vcpu->port->interface << 8 | METHOD_EXIT, (uint64_t)__builtin_frame_address(0));
    enum bh_error error = invoke_port(vcpu->port, METHOD_EXIT, vcpu->arguments, &unused);
    trace_out_of_domain(&call, error);
    TRACE(ENTRY, 0, vcpu->index, error);
    return error;
}

static bool is_traced(void) {
    return __builtin_expect((trace_classes & (BH_TRACE_EXITS | BH_TRACE_CALLS | BH_TRACE_STATISTICS)) != 0, 0);
}

// The vmm has answered. False when the vCPU is to stop: the vmm said so, or died.
static bool heard(struct vcpu *vcpu, enum bh_error error) {
    vcpu->paused = error != BH_OK;
    if (error)
        log_write(BH_LOG_WARNING, "kernel", "vCPU %u pauses: its vmm answered %d (%s)", vcpu->index, error, error_sentence(error));
    return !error && !vcpu->state->stop && !vcpu->stopping;
}

static bool ask_vmm(struct vcpu *vcpu) {
    uint64_t unused;
    return heard(vcpu, is_traced() ? exit_traced(vcpu) : invoke_port(vcpu->port, METHOD_EXIT, vcpu->arguments, &unused));
}

static void take_registers(const struct vcpu *vcpu) {
    struct vmcb *vmcb = vcpu->vmcb;
    const struct bh_vcpu_state *state = vcpu->state;
    uint64_t rip = state->rip;
    if (rip != vmcb->rip)
        vmcb->interrupt_shadow = 0; // the instruction behind STI or MOV SS is done
    vmcb->rip = rip;
    vmcb->rax = state->rax;
    vmcb->rsp = state->rsp;
    vmcb->rflags = state->rflags | 2;
}

// The vmm's answer into the VMCB. Reads each field of the shared page once.
static void take_answer(struct vcpu *vcpu) {
    struct vmcb *vmcb = vcpu->vmcb;
    struct bh_vcpu_state *state = vcpu->state;
    uint32_t special = state->set_special;
    if (special) {
        state->set_special = 0;
        svm_load_special(vmcb, state, special == SPECIAL_CONTROL);
    }
    take_registers(vcpu);
    // After most exits there is nothing to inject, nothing that was cut short, no window wanted now or before.
    if (state->inject_vector | state->inject_exception | state->want_window | (vmcb->intercept_misc1 & INJECT_WINDOW) |
        (vmcb->exit_int_info & VMCB_EVENT_VALID))
        inject_answer(vcpu);
    uint64_t deadline = state->deadline_ns;
    if (deadline && deadline != vcpu->deadline_ns)
        clock_arm(deadline);
    vcpu->deadline_ns = deadline;
}

// Sleep until kicked or until the deadline.
static void halt(struct vcpu *vcpu) {
    while (!attention(vcpu) && !vcpu->stopping) {
        enum bh_error error = event_wait(&vcpu->wake, vcpu->deadline_ns);
        if (error && error != BH_ETIMEDOUT)
            return;
    }
}

enum quick : uint8_t {
    QUICK_ENTER,    // done: the guest can go on
    QUICK_LOCK,     // the exit wants more than a question to the vmm; it is described at most, and will be again
    QUICK_ANSWERED, // the vmm's answer is there, and wants the lock
    QUICK_DEAD,     // the vmm died; the lock is held
};

// The answer asks for no more than that the guest goes on, with other registers perhaps; and there is nothing else to be done before it does.
static bool is_plain_answer(const struct vcpu *vcpu) {
    const struct bh_vcpu_state *state = vcpu->state;
    const struct vmcb *vmcb = vcpu->vmcb;
    return !(state->stop | state->halt | state->set_special | state->inject_vector | state->inject_exception | state->want_window |
             (state->deadline_ns ^ vcpu->deadline_ns) | (vmcb->intercept_misc1 & INJECT_WINDOW) | (vmcb->exit_int_info & VMCB_EVENT_VALID) | vcpu->flush |
             vcpu->stopping) &&
           !attention(vcpu) && svm_stayed(vcpu->vmcb_address, vcpu->last_cpu);
}

// An exit without the kernel's lock, as far as it goes. *error: the vmm's answer.
static enum quick answer_quickly(struct vcpu *vcpu, enum bh_error *error) {
    if (is_traced() || !exit_describe_plain(vcpu))
        return QUICK_LOCK;
    struct invoke_outcome outcome = invoke_port_outside(vcpu->port, METHOD_EXIT, vcpu->arguments);
    if (outcome.state == INVOKE_NOT)
        return QUICK_LOCK;
    *error = outcome.error;
    if (outcome.state == INVOKE_INSIDE)
        return QUICK_DEAD;
    if (outcome.error || !is_plain_answer(vcpu))
        return QUICK_ANSWERED;
    take_registers(vcpu);
    vcpu->exit_count++;
    return QUICK_ENTER;
}

// Enter the guest, again and again while its exits are quick ones; the kernel's lock is given up meanwhile.
static enum quick enter_guest(struct vcpu *vcpu, enum bh_error *error) {
    enum quick quick;
    vcpu->kick_in_hand = false;
    kernel_unlock();
    svm_run(vcpu->vmcb_address, vcpu->last_cpu, vcpu->state, vcpu->fpu);
    vcpu->vmcb->tlb_control = 0; // plain answers set neither again
    vcpu->vmcb->event_injection = 0;
    while ((quick = answer_quickly(vcpu, error)) == QUICK_ENTER)
        svm_run(vcpu->vmcb_address, vcpu->last_cpu, vcpu->state, vcpu->fpu);
    if (quick != QUICK_DEAD)
        kernel_lock();
    return quick;
}

// Run the guest until the vmm has been asked and its answer wants more than the guest's going on. False when the vCPU is to stop.
static bool run_guest(struct vcpu *vcpu) {
    struct vmcb *vmcb = vcpu->vmcb;
    for (;;) {
        enum bh_error error = BH_OK;
        if (attention(vcpu) || vcpu->stopping) {
            describe_kick(vcpu);
            return ask_vmm(vcpu);
        }
        if (vmcb->exit_int_info & VMCB_EVENT_VALID)
            inject_again(vmcb); // an interrupt of the host cut its delivery short
        if (svm_arrive(vmcb, vcpu->vmcb_address, &vcpu->last_cpu) && vcpu->deadline_ns)
            clock_arm(vcpu->deadline_ns);
        if (vcpu->flush)
            vmcb->tlb_control = 1;
        vcpu->flush = false;
        if (enter_guest(vcpu, &error) != QUICK_LOCK)
            return heard(vcpu, error);
        if (exit_describe(vcpu))
            return ask_vmm(vcpu);
        if ((uint32_t)vmcb->exit_code == SVM_EXIT_INTR) {
            kernel_unlock();
            irq_window();
            kernel_lock();
            thread_yield_if_due();
            if (vcpu->deadline_ns)
                clock_arm(vcpu->deadline_ns);
        }
    }
}

// What the thread begins with. False when the vCPU is to stop.
static bool begin(struct vcpu *vcpu) {
    switch (vcpu->begin) {
    case VCPU_BEGIN_ANSWERED:
        return true;
    case VCPU_BEGIN_AGAIN: // nothing has touched the VMCB since it was described first
        if (vcpu->kick_in_hand)
            exit_describe_kick(vcpu);
        else
            (void)exit_describe(vcpu);
        break;
    default:
        vcpu->kick_in_hand = true;
        vcpu->state->reason = BH_EXIT_REASON_KICK; // the registers are there already, from the vmm
        vcpu->state->interruptible = vcpu->state->pending_event = 0;
        break;
    }
    return ask_vmm(vcpu);
}

static void vcpu_main(void *argument) {
    struct vcpu *vcpu = argument;
    bool goes_on = begin(vcpu);
    if (!goes_on && vcpu->begin == VCPU_BEGIN_ANEW)
        vcpu->paused = false; // of the guest, nothing has run yet
    while (goes_on) {
        vcpu->exit_count++;
        take_answer(vcpu);
        if (vcpu->state->halt) {
            vcpu->state->halt = 0;
            if (!inject_is_pending(vcpu->vmcb))
                halt(vcpu);
        }
        goes_on = run_guest(vcpu);
    }
    vcpu->state->exit_rip = vcpu->vmcb->rip;
    vcpu->thread = NULL;
    if (vcpu->stopping)
        vcpu_free(vcpu);
}

static enum bh_error start(struct vcpu *vcpu) {
    char name[THREAD_NAME_SIZE];
    snprintf(name, sizeof(name), "vcpu%u.%u", vcpu->guest->asid, vcpu->index);
    return thread_create(name, &kernel_domain, (uint64_t)vcpu_main, (uint64_t)vcpu, VCPU_PRIORITY,
                         &vcpu->thread);
}

enum bh_error vcpu_start(struct vcpu *vcpu) {
    if (vcpu->thread)
        return refuse(BH_EBUSY, "guest.vcpu_start: vCPU %u runs already", vcpu->index);
    prepare(vcpu);
    vcpu->paused = false;
    vcpu->begin = VCPU_BEGIN_ANEW;
    return start(vcpu);
}

enum bh_error vcpu_resume(struct vcpu *vcpu, bool again) {
    if (vcpu->thread || !vcpu->paused)
        return refuse(BH_ENOENT, "guest.vcpu_resume: vCPU %u does not stand still with an exit in hand", vcpu->index);
    vcpu->begin = again ? VCPU_BEGIN_AGAIN : VCPU_BEGIN_ANSWERED;
    vcpu->kicked = true; // whatever else the vmm was about when it died
    return start(vcpu);
}
