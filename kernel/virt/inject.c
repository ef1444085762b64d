// SPDX-License-Identifier: MIT
//
// Events into a guest: external interrupts and exceptions that the vmm asks for, and events whose delivery an exit cut
// short (EXITINTINFO), which go first. At most one event an entry. Source: AMD APM vol. 2, 15.20 and 15.21.
#include "kernel/virt/vcpu.h"

#include "guest.h"

#define ANSWER_VALID 0x100u
#define ANSWER_ERROR 0x200u
#define VIRTUAL_IRQ (VMCB_V_INTR_MASKING | VMCB_V_IRQ | VMCB_V_PRIORITY | VMCB_V_IGNORE_TPR)

void inject_exception(struct vmcb *vmcb, uint32_t vector, bool has_error, uint32_t error) {
    vmcb->event_injection = (vector & 0x1f) | VMCB_EVENT_TYPE_EXCEPTION | VMCB_EVENT_VALID |
                            (has_error ? VMCB_EVENT_ERROR | (uint64_t)error << 32 : 0);
}

static bool can_take_interrupt(const struct vmcb *vmcb) {
    return (vmcb->rflags & 0x200) && !(vmcb->interrupt_shadow & 1);
}

static void want_window(struct vmcb *vmcb, bool wanted) {
    if (wanted) {
        vmcb->intercept_misc1 |= INJECT_WINDOW;
        vmcb->virtual_interrupt = VIRTUAL_IRQ;
    } else {
        vmcb->intercept_misc1 &= ~INJECT_WINDOW;
        vmcb->virtual_interrupt = VMCB_V_INTR_MASKING;
    }
}

// External interrupts go in as virtual interrupts (APM vol. 2, 15.21.4): the processor takes one as soon as the guest can. EVENTINJ
// would do on hardware; QEMU 7.2 delivers an interrupt from there a second time when its main loop is asked to exit before the guest's next exit
// (it leaves exception_index set behind helper_vmrun).
static void offer_interrupt(struct vmcb *vmcb, uint32_t vector) {
    vmcb->intercept_misc1 &= ~INJECT_WINDOW;
    vmcb->virtual_interrupt = VIRTUAL_IRQ | (uint64_t)(vector & 0xff) << VMCB_V_VECTOR_SHIFT;
}

void inject_again(struct vmcb *vmcb) {
    uint64_t event = vmcb->exit_int_info;
    if (!(event & VMCB_EVENT_VALID))
        return;
    vmcb->exit_int_info = 0;
    // Only the low fields are defined; soft interrupts come again by themselves when rip is unmoved.
    if ((event & VMCB_EVENT_TYPE_MASK) == VMCB_EVENT_TYPE_INTERRUPT)
        offer_interrupt(vmcb, event & 0xff);
    else
        vmcb->event_injection = event;
}

void inject_answer(struct vcpu *vcpu) {
    struct vmcb *vmcb = vcpu->vmcb;
    struct bh_vcpu_state *state = vcpu->state;
    uint32_t interrupt = state->inject_vector;
    uint32_t exception = state->inject_exception;
    bool window = state->want_window;

    if (vmcb->exit_int_info & VMCB_EVENT_VALID) {
        inject_again(vmcb);
        window = window || (interrupt & ANSWER_VALID);
    } else if (exception & ANSWER_VALID) {
        inject_exception(vmcb, exception & 0x1f, exception & ANSWER_ERROR, state->exception_error);
        window = window || (interrupt & ANSWER_VALID);
    } else if ((interrupt & ANSWER_VALID) && !inject_is_offered(vmcb)) {
        if (can_take_interrupt(vmcb))
            offer_interrupt(vmcb, interrupt);
        else
            window = true; // the vmm hears of it by the WINDOW exit and injects again
    }
    // An interrupt on its way takes the place of a window. The vmm is asked again at the guest's next exit, its end of interrupt at the latest.
    if (!inject_is_offered(vmcb))
        want_window(vmcb, window);
    state->inject_vector = 0;
    state->inject_exception = 0;
    state->want_window = 0;
}
