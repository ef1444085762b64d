// SPDX-License-Identifier: MIT
//
// Offsets of structure fields for assembly. Compiled to assembly text only; the build turns each marked line into a #define of
// the generated header offsets.h.
#include <stddef.h>

#include "kernel/abi/slot.h"
#include "kernel/domain/domain.h"
#include "kernel/domain/invoke.h"
#include "kernel/domain/mechanism.h"
#include "kernel/platform/platform.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/thread.h"

#define DEFINE(name, value) __asm__ volatile("\n@@ " #name " %c0" : : "i"((long)(value)))
#define FIELD(prefix, type, field) DEFINE(prefix##_##field, offsetof(struct type, field))

void offsets(void);
// NOLINTNEXTLINE(readability-function-size): a list, one line for each offset
void offsets(void) {
    FIELD(FRAME, trap_frame, rflags);
    FIELD(FRAME, trap_frame, fpu);
    FIELD(FRAME, trap_frame, fault_address);
    FIELD(FRAME, trap_frame, gs_base);
    FIELD(FRAME, trap_frame, fs_base);
    FIELD(FRAME, trap_frame, rip);
    FIELD(FRAME, trap_frame, cs);
    FIELD(FRAME, trap_frame, key_rights);
    DEFINE(FRAME_SIZE, sizeof(struct trap_frame));

    FIELD(THREAD, thread, data_stack);
    FIELD(THREAD, thread, domain);
    FIELD(THREAD, thread, top);
    FIELD(THREAD, thread, bases);
    FIELD(THREAD, thread, unwind);
    FIELD(THREAD, thread, gate);
    FIELD(THREAD, thread, watch_since_ns);
    FIELD(THREAD, thread, data_stacks);
    FIELD(THREAD, thread, calls);
    FIELD(THREAD, thread, cpu);
    FIELD(THREAD, thread, id);
    FIELD(THREAD, thread, control);
    FIELD(THREAD, thread, entry);
    DEFINE(UNWIND_CALLEE, UNWIND_CALLEE);
    DEFINE(UNWIND_ENTERING, UNWIND_DOMAIN | UNWIND_CALLEE);

    FIELD(CPU, cpu, outside);
    FIELD(CPU, cpu, tlb_seen);
    FIELD(CPU, cpu, current);
    DEFINE(CPU_SIZE, sizeof(struct cpu));
    DEFINE(CPU_COUNT_MAX, CPU_COUNT_MAX);

    FIELD(DOMAIN, domain, base);
    FIELD(DOMAIN, domain, caps);
    FIELD(DOMAIN, domain, cap_count);
    FIELD(DOMAIN, domain, state);
    FIELD(DOMAIN, domain, colour_offset);
    FIELD(DOMAIN, domain, id);
    FIELD(DOMAIN, domain, callable);
    FIELD(DOMAIN, domain, badges);
    FIELD(DOMAIN, domain, base_writes);
    FIELD(DOMAIN, domain, space);
    FIELD(DOMAIN, domain, key_rights);

    DEFINE(SLOT_DOOR, BH_SLOT_DOOR);
    DEFINE(TABLE_CALLS, BH_TABLE_CALLS);
    DEFINE(TABLE_CALL_COUNT, (BH_TABLE_END - BH_TABLE_CALLS) / 8);
    DEFINE(SLOT_STACKS, BH_SLOT_STACKS);
    DEFINE(SLOT_STACKS_SIZE, BH_SLOT_STACKS_END - BH_SLOT_STACKS);

    FIELD(CAP, cap, type);
    FIELD(CAP, cap, rights);
    FIELD(CAP, cap, object);
    DEFINE(RIGHT_CALL, BH_RIGHT_CALL);

    FIELD(PORT, port, server);
    FIELD(PORT, port, cap_type);
    FIELD(PORT, port, object);
    FIELD(PORT, port, serving);
    FIELD(PORT, port, methods);
    FIELD(PORT, port, entries);
    DEFINE(INTERFACE_METHODS, BH_INTERFACE_METHODS);
    DEFINE(METHOD_STUB_SIZE, METHOD_STUB_SIZE);

    FIELD(INVOCATION, invocation, previous);
    FIELD(INVOCATION, invocation, caller);
    FIELD(INVOCATION, invocation, callee);
    FIELD(INVOCATION, invocation, caller_data_stack);
    FIELD(INVOCATION, invocation, badge);
    FIELD(INVOCATION, invocation, rbx);
    FIELD(INVOCATION, invocation, resume);

    DEFINE(ERROR_ECAP, BH_ECAP);
    DEFINE(ERROR_ENOMEM, BH_ENOMEM);
    DEFINE(ERROR_ERIGHTS, BH_ERIGHTS);
    DEFINE(ERROR_EREVOKED, BH_EREVOKED);
    DEFINE(ERROR_EDEAD, BH_EDEAD);
    DEFINE(ERROR_ENOTSUP, BH_ENOTSUP);
    DEFINE(ERROR_EINVAL, BH_EINVAL);
    DEFINE(CONTROL_STACK_SIZE, BH_CONTROL_STACK_SIZE);
    DEFINE(CONTROL_LOW, BH_CONTROL_BLOCK_SIZE + BH_CONTROL_GUARD_SIZE);
    DEFINE(INVOKE_FIRST, INVOKE_FIRST);
    DEFINE(STACK_ARGS_MAX, BH_STACK_ARGS_MAX);
}
