// SPDX-License-Identifier: MIT
//
// setjmp and longjmp: going back to a frame further out. The domain says which frame and which instruction, and neither is believed. From the
// gate outwards every return address on the control stack is one that verified code pushed, and the verifier knows how deep the frame is behind
// each call, so the frames of the domain can be counted off exactly, up to the record that entered it. Only when the marked frame is among them,
// and the instruction stands behind a call of that frame's own function, is the stack cut there: depth, frame and function then agree, as they
// would after an ordinary return. Nothing is assumed of registers and of what the frame holds: no rule of the verifier carries facts about
// either across a call.
#include "kernel/abi/call.h"
#include "kernel/base.h"
#include "kernel/domain/calls.h"
#include "kernel/domain/crash.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/frames.h"
#include "kernel/domain/loader.h"
#include "kernel/sched/thread.h"

#define STACK_ROOM (BH_CONTROL_STACK_SIZE / 2) // what gates want below them

static uint64_t stack_top(const struct thread *thread) {
    return (uint64_t)thread + BH_CONTROL_STACK_SIZE;
}

static const struct verified_call *call_behind(const struct domain *domain, const uint64_t *stand) {
    return verified_call_at(&domain->image->verified, *stand - domain->base);
}

uint64_t call_frame_mark(uint64_t address) {
    const struct thread *thread = thread_current();
    const uint64_t *stand = (const uint64_t *)thread->gate;
    const struct verified_call *call = call_behind(thread->domain, stand);
    if (!call)
        return (uint64_t)(int64_t)refuse(BH_EINVAL, "frame_mark: no frame of the domain called it");
    uint64_t frame = (uint64_t)(stand + 1) + call->depth;
    struct bh_frame_mark mark = {(uint32_t)(stack_top(thread) - frame), call->resume};
    return (uint64_t)(int64_t)slot_write(thread->domain, address, &mark, sizeof(mark));
}

// Where the return address into the marked frame has to stand; 0: the frame is not there.
static uint64_t find(const struct thread *thread, const struct bh_frame_mark *mark) {
    const struct domain *domain = thread->domain;
    const struct verified_call *resume = verified_call_at(&domain->image->verified, mark->resume);
    uint64_t wanted = stack_top(thread) - mark->frame, stand = thread->gate;
    while (resume && stand < (uint64_t)thread->top) {
        const struct verified_call *call = call_behind(domain, (const uint64_t *)stand);
        if (!call)
            return 0;
        uint64_t frame = stand + 8 + call->depth;
        if (frame == wanted) {
            uint64_t place = frame - resume->depth - 8;
            return call->function == resume->function && place >= (uint64_t)thread + STACK_ROOM ? place : 0;
        }
        stand = frame;
    }
    return 0;
}

struct frames_way frames_resume(uint64_t address) {
    const struct thread *thread = thread_current();
    struct domain *domain = thread->domain;
    struct bh_frame_mark mark = {0};
    uint64_t place = slot_read(domain, &mark, address, sizeof(mark)) == BH_OK ? find(thread, &mark) : 0;
    if (!place)
        crash_domain(domain, BH_CRASH_PROTOCOL, NULL, 0, "longjmp to a frame that has been left");
    return (struct frames_way){place, domain->base + mark.resume};
}
