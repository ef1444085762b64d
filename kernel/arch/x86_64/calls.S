// SPDX-License-Identifier: MIT
//
// The gates of the fixed run-time calls, their table, and the code that all gates share. The kernel's lock is held inside. On the way out: a caller that died meanwhile
// is unwound, the base of its slot is made current again, and an interrupt that was held back is made to come again.
#include "gate.h"

        .section text_proxy, "ax", @progbits

FUNCTION gate_enter
        STACK_CHECK
        IRQ_OFF
        mov %rsp, %r10
        and $-CONTROL_STACK_SIZE, %r10
        mov %rsp, THREAD_gate(%r10)
        KERNEL_LOCK %r10
        HOST_BASE %r10
        cmpl $0, THREAD_unwind(%r10)
        jne gate_too_late
        sub $8, %rsp
        call *%rax
        add $8, %rsp
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
gate_leave:
        cmpl $0, THREAD_unwind(%rcx)
        jne gate_unwind
        cmpb $0, platform_irq_pending(%rip)
        jne gate_replay
        mov THREAD_domain(%rcx), %r10
        BASE_CURRENT %rcx, %r10, %r8, %r8d, %r9
        KERNEL_UNLOCK %rcx
        IRQ_ON
        cmpb $0, platform_irq_pending(%rip)
        jne gate_late
        xor %ecx, %ecx
        xor %esi, %esi
        xor %edi, %edi
        xor %r8d, %r8d
        xor %r9d, %r9d
        xor %r10d, %r10d
        xor %r11d, %r11d
        ret

// As gate_enter, with notes in the trace before and after. %r10d: the method.
FUNCTION gate_enter_traced
        STACK_CHECK
        IRQ_OFF
        push %r10
        mov %rsp, %r10
        and $-CONTROL_STACK_SIZE, %r10
        lea 8(%rsp), %r11
        mov %r11, THREAD_gate(%r10)
        KERNEL_LOCK %r10
        HOST_BASE %r10
        cmpl $0, THREAD_unwind(%r10)
        jne gate_too_late
        pop %r10
        push %rax
        push %rdi
        push %rsi
        push %rdx
        push %rcx
        push %r8
        push %r9
        mov %r10d, %edi
        call trace_gate_enter
        pop %r9
        pop %r8
        pop %rcx
        pop %rdx
        pop %rsi
        pop %rdi
        pop %rax
        sub $8, %rsp
        call *%rax
        push %rdx
        push %rax
        mov %eax, %edi
        call trace_gate_return
        pop %rax
        pop %rdx
        add $8, %rsp
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        jmp gate_leave

gate_late:
        IRQ_OFF
        KERNEL_LOCK %rcx
        HOST_BASE %rcx
gate_replay:
        push %rax
        push %rdx
        sub $8, %rsp
        call irq_replay
        add $8, %rsp
        pop %rdx
        pop %rax
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        jmp gate_leave
gate_too_late: // its domain died while it waited for the lock
        mov %r10, %rcx
        .globl gate_unwind
gate_unwind:
        KERNEL_UNLOCK %rcx
        IRQ_ON
        jmp invoke_landing

// uint64_t call_frame_resume(const struct bh_frame_mark *mark, uint64_t value): gate_enter leaves through the marked frame instead of the
// one that called it.
FUNCTION call_frame_resume
        push %rsi
        call frames_resume
        pop %rcx
        pop %rdi
        test %rax, %rax
        jz 1f
        mov %rdx, (%rax)
        lea -8(%rax), %rsp
        mov %rcx, %rax
1:      jmp *%rdi

GATE bad_call, call_bad

#define CALL(index, name, arguments, sentence) GATE gate_##name, call_##name, 0xff00|index
#include "kernel/abi/calls.def"
#undef CALL

        .section .rodata
        .globl fixed_calls
        .balign 8
fixed_calls:
#define CALL(index, name, arguments, sentence) .quad gate_##name
#include "kernel/abi/calls.def"
fixed_calls_end:
        .fill (8 * 48 - (fixed_calls_end - fixed_calls)) / 8, 8, 0
        .globl fixed_calls_traced
fixed_calls_traced:
#undef CALL
#define CALL(index, name, arguments, sentence) .quad gate_##name##_traced
#include "kernel/abi/calls.def"
fixed_calls_traced_end:
        .fill (8 * 48 - (fixed_calls_traced_end - fixed_calls_traced)) / 8, 8, 0

        .section .note.GNU-stack, "", @progbits
