// SPDX-License-Identifier: MIT
//
// What all proxies share: refusals, slow paths that call the kernel, the way out of a dead domain, and calls from the kernel into
// a domain.
#include "proxy.inc"

        .section text_proxy, "ax", @progbits

        .macro REFUSAL name, error
FUNCTION \name
        mov $\error, %eax
        xor %edx, %edx
        xor %r10d, %r10d
        xor %r11d, %r11d
        ret
        .endm
REFUSAL proxy_ecap, ERROR_ECAP
REFUSAL proxy_erights, ERROR_ERIGHTS
REFUSAL proxy_erevoked, ERROR_EREVOKED
REFUSAL proxy_edead, ERROR_EDEAD
REFUSAL proxy_misaligned, ERROR_EINVAL
// In place of a method that the server's version of the interface has not: called like one.
REFUSAL proxy_left_out, ERROR_ENOTSUP

FUNCTION proxy_stack_refused
        testl $STACK_LOW_BIT, %esp
        jnz proxy_misaligned
        jmp proxy_stack_low

// Entry %r11 of %r10 stands for no port that this call may use, whose type would be %eax: say why.
FUNCTION proxy_not_callable
        shl $5, %r11
        add DOMAIN_caps(%r10), %r11
        cmp %eax, CAP_type(%r11)
        jne proxy_ecap
        cmpq $0, CAP_object(%r11)
        je proxy_erevoked
        testb $RIGHT_CALL, CAP_rights(%r11)
        jnz proxy_erevoked // its holder gave it up
        jmp proxy_erights

// Give the record back that was pushed, with error %eax: the callee was never entered. %rsp is anywhere below the record. The kernel may have
// needed the fs base.
FUNCTION proxy_back_out
        xor %edx, %edx
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        mov THREAD_top(%rcx), %rbp
        mov INVOCATION_caller(%rbp), %r10
        BASE_CURRENT %rcx, %r10, %r8, %r8d, %r9
        PROXY_DONE

// The callee (%r11) left a data stack pointer that is none: it dies of it, the caller is told so.
FUNCTION proxy_stack_astray
        mov %r11, %rdi
        lea invoke_stack_astray(%rip), %r13
        mov $UNWIND_ENTERING, %r12d
        call proxy_call_kernel
        jmp invoke_landing

// Everything that a proxy keeps in registers while it enters.
        .macro SAVE_ENTERING
        push %rax
        push %r10
        push %r11
        push %rdi
        push %rsi
        push %rdx
        push %rcx
        push %r8
        push %r9
        .endm
        .macro RESTORE_ENTERING
        pop %r9
        pop %r8
        pop %rcx
        pop %rdx
        pop %rsi
        pop %rdi
        pop %r11
        pop %r10
        pop %rax
        .endm

// Call the C function in %r13 with %rdi, %rsi, %rdx set; result in %rax. The stack may be misaligned: it is aligned here. While this
// processor waits for the kernel's lock, others may end one side of the call or both: %r12d says which of the thread's `unwind' flags make
// an end of the call at once.
FUNCTION proxy_call_kernel
        push %rbp
        mov %rsp, %rbp
        and $-16, %rsp
        IRQ_OFF
        mov %rbp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        KERNEL_LOCK %rcx
        HOST_BASE %rcx
        test %r12d, THREAD_unwind(%rcx)
        jnz proxy_abandon
        call *%r13
        mov %rbp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        KERNEL_UNLOCK %rcx
        IRQ_ON
        mov %rbp, %rsp
        pop %rbp
        ret

// A call that cannot go on, before it passed anything: out through the innermost record that is left. The kernel's lock is held.
FUNCTION proxy_abandon
        xor %edi, %edi
FUNCTION proxy_abandon_passed
        call invoke_abandon
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        KERNEL_UNLOCK %rcx
        IRQ_ON
        jmp invoke_landing

// %rbp: data stack of %r11 for thread %rax, leased now, or a negative error.
FUNCTION proxy_lease
        SAVE_ENTERING
        mov %rdi, %rdx
        mov %rax, %rdi
        mov %r11, %rsi
        lea invoke_lease(%rip), %r13
        mov $UNWIND_ENTERING, %r12d
        call proxy_call_kernel
        mov %rax, %rbp
        RESTORE_ENTERING
        ret

// Apply the rules %r13 to argument words and the callee's copies at %rbp.
FUNCTION proxy_check
        SAVE_ENTERING
        mov %r13, %rdi
        mov %rsp, %rsi
        mov %rbp, %rdx
        mov %rsp, %r12
        and $-16, %rsp
        call values_check
        mov %r12, %rsp
        mov %rax, %r13
        mov %rdx, %r12
        RESTORE_ENTERING
        test %r13, %r13
        jnz proxy_bad_value
        ret

// Rule %r13 refuses the value %r12.
FUNCTION proxy_bad_value
        mov %r13, %rdi
        mov %r12, %rsi
        lea invoke_bad_value(%rip), %r13
        jmp proxy_refuse

// %rsi bytes, of which %r13 may be passed.
FUNCTION proxy_too_long
        mov %r13, %rdi
        lea invoke_too_long(%rip), %r13

// The kernel function %r13 says why, and its result is the call's.
FUNCTION proxy_refuse
        mov $UNWIND_ENTERING, %r12d
        call proxy_call_kernel
        jmp proxy_back_out

// Apply the rules %r13 to results in %rax and %rdx, and to the out parameters whose pairs are at %rbx. Nothing is left to check when the caller
// died.
FUNCTION proxy_check_back
        cmpq $invoke_landing, INVOCATION_resume(%rbp)
        je 1f
        push %rcx
        push %r10
        push %rdx
        push %rax
        mov %r13, %rdi
        mov %rsp, %rsi
        mov %rbx, %rdx
        mov %rsp, %r12
        and $-16, %rsp
        call values_check_back
        mov %r12, %rsp
        test %rax, %rax
        jnz 2f
        pop %rax
        pop %rdx
        pop %r10
        pop %rcx
1:      ret
2:      mov %rax, %rdi
        mov %rdx, %rsi
        lea invoke_bad_result(%rip), %r13
        mov $UNWIND_CALLEE, %r12d
        call proxy_call_kernel
        xor %edx, %edx
        add $16, %rsp
        pop %r10
        pop %rcx
        BASE_CURRENT %rcx, %r10, %r8, %r8d, %r9
        ret

// The capability %rdx of the callee, with which it answers, becomes one of the caller's, of type %rsi; or the call fails. Results in %rax and %rdx.
// Whether the caller still lives is for the kernel to see, when it has its lock.
FUNCTION proxy_cap_back
        test %eax, %eax
        jnz 1f
        push %rcx
        push %r10
        mov %rdx, %rdi
        lea invoke_return_cap(%rip), %r13
        mov $UNWIND_CALLEE, %r12d
        call proxy_call_kernel
        pop %r10
        pop %rcx
        BASE_CURRENT %rcx, %r10, %r8, %r8d, %r9
        mov %rax, %rdx
        xor %eax, %eax
        test %rdx, %rdx
        jns 2f
        mov %edx, %eax
1:      xor %edx, %edx
2:      ret

// %rbx: capability index of the caller -> of the callee, or a negative error. %r12: type, %r13: function, %rdi: port that is called.
FUNCTION proxy_translate
        SAVE_ENTERING
        mov %rdi, %r8
        mov %r10, %rdi
        mov %r11, %rsi
        mov %rbx, %rdx
        mov %r12, %rcx
        push %rbp
        call proxy_translate_call
        pop %rbp
        mov %rax, %rbx
        RESTORE_ENTERING
        ret

FUNCTION proxy_translate_call
        push %rbp
        mov %rsp, %rbp
        and $-16, %rsp
        IRQ_OFF
        mov %rbp, %r9
        and $-CONTROL_STACK_SIZE, %r9
        KERNEL_LOCK %r9
        HOST_BASE %r9
        cmpl $0, THREAD_unwind(%r9)
        jne 1f
        call *%r13
        mov %rbp, %r9
        and $-CONTROL_STACK_SIZE, %r9
        KERNEL_UNLOCK %r9
        IRQ_ON
        mov %rbp, %rsp
        pop %rbp
        ret
1:      xor %edi, %edi
        test $INVOKE_FIRST, %r12d
        sete %dil
        jmp proxy_abandon_passed

// The lent buffer %rbx goes back. While leaving: results in %rax and %rdx, the callee in the record. If the caller died meanwhile, its
// buffers are still to be given back; if the callee did, it has none any more, and what it left on its stack is gone.
FUNCTION proxy_unlend
        push %rax
        push %rdx
        push %rcx
        push %r10
        mov THREAD_top(%rcx), %rdi
        mov INVOCATION_callee(%rdi), %rdi
        mov %rbx, %rsi
        lea buffers_unlend(%rip), %r13
        mov $UNWIND_CALLEE, %r12d
        call proxy_call_kernel
        pop %r10
        pop %rcx
        pop %rdx
        pop %rax
        // The kernel may have needed the fs base.
        BASE_CURRENT %rcx, %r10, %r8, %r8d, %r9
        ret

// The call of record %r15 begins: method %r12d is called.
FUNCTION proxy_trace_enter
        SAVE_ENTERING
        mov %rax, %rdi
        mov %r15, %rsi
        mov %r12d, %edx
        mov %rsp, %r12
        and $-16, %rsp
        call trace_call_enter
        mov %r12, %rsp
        RESTORE_ENTERING
        ret

// The call of record %rbp is back, with results in %rax and %rdx.
FUNCTION proxy_trace_return
        push %rax
        push %rdx
        push %rcx
        push %r10
        mov %rcx, %rdi
        mov %rbp, %rsi
        mov %r12d, %edx
        mov %eax, %ecx
        mov %rsp, %r12
        and $-16, %rsp
        call trace_call_return
        mov %r12, %rsp
        pop %r10
        pop %rcx
        pop %rdx
        pop %rax
        xor %esi, %esi
        xor %edi, %edi
        ret

// Too little control stack for another crossing: the caller dies of it, and never gets the control back. It may have left next to nothing,
// so this is done on another stack.
FUNCTION proxy_stack_low
        mov %rsp, %rbx
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        mov %rsp, THREAD_gate(%rcx)
        IRQ_OFF
        LOW_STACK
        KERNEL_LOCK %rcx
        HOST_BASE %rcx
        cmpl $0, THREAD_unwind(%rcx)
        jne 1f
        call invoke_stack_low
1:      mov %rbx, %rsp
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        KERNEL_UNLOCK %rcx
        IRQ_ON
        jmp invoke_landing

// Where threads go whose domain died: out through the innermost record.
FUNCTION invoke_landing
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        movl $0, THREAD_unwind(%rcx)
        mov THREAD_top(%rcx), %rbp
        mov $ERROR_EDEAD, %eax
        xor %edx, %edx
        mov INVOCATION_caller(%rbp), %r10
        lea kernel_domain(%rip), %r8
        cmp %r8, %r10
        je landing_kernel
        mov INVOCATION_caller_data_stack(%rbp), %r9
        mov %r10, THREAD_domain(%rcx)
        mov %r9, THREAD_data_stack(%rcx)
        BASE_CURRENT %rcx, %r10, %r8, %r8d, %r9
        PROXY_DONE
landing_kernel:
        IRQ_OFF
        KERNEL_LOCK %rcx
        HOST_BASE %rcx
        movl $0, THREAD_unwind(%rcx)
        mov %r10, THREAD_domain(%rcx)
        PROXY_DONE

// A function of a domain from the kernel: %rdi its domain, %rsi the function, %rdx its first argument, %rcx the address of the others. The data stack has
// been leased; interrupts are disabled before and after.
        .macro KERNEL_CALLS_DOMAIN
        mov %rsp, %rax
        and $-CONTROL_STACK_SIZE, %rax
        mov %rdi, %r11
        lea kernel_domain(%rip), %r10
        PROXY_RECORD 1
        mov %r8, STACK_ARGS_MAX(%rsp)
        mov %rbp, THREAD_data_stack(%rax)
        mov %r11, THREAD_domain(%rax)
        BASE_CURRENT %rax, %r11, %r12, %r12d, %r13
        .endm

        .macro KERNEL_CALL_GOES
        mov %rsi, %rax
        mov %rdx, %rdi
        mov 0(%rcx), %rsi
        mov 8(%rcx), %rdx
        mov 24(%rcx), %r8
        mov 32(%rcx), %r9
        mov 16(%rcx), %rcx
        xor %r10d, %r10d
        xor %r11d, %r11d
        IRQ_ON
        emms
        call *%rax
        IRQ_OFF
        lea frame_record(%rsp), %rbp
        mov %rsp, %rcx
        and $-CONTROL_STACK_SIZE, %rcx
        .endm

// enum bh_error invoke_enter(struct domain *callee, uint64_t entry, uint64_t first, const uint64_t arguments[5], uint64_t *value): the kernel's lock
// is held before and after.
FUNCTION invoke_enter
        KERNEL_CALLS_DOMAIN
        KERNEL_UNLOCK %rax
        KERNEL_CALL_GOES
        mov STACK_ARGS_MAX(%rsp), %r11
        mov %rdx, (%r11)
        KERNEL_LOCK %rcx
        HOST_BASE %rcx
        cmpl $0, THREAD_unwind(%rcx)
        jne gate_unwind
        lea kernel_domain(%rip), %r10
        mov %r10, THREAD_domain(%rcx)
        PROXY_DONE

// struct invoke_outcome invoke_enter_outside(struct domain *callee, uint64_t entry, uint64_t first, const uint64_t arguments[5]): without the lock, as
// proxies do it. A thread whose callee dies meanwhile comes back by invoke_landing, with the lock and INVOKE_INSIDE (0) in %rdx.
FUNCTION invoke_enter_outside
        KERNEL_CALLS_DOMAIN
        KERNEL_CALL_GOES
        lea kernel_domain(%rip), %r10
        mov %r10, THREAD_domain(%rcx)
        mov $1, %edx // INVOKE_OUTSIDE
        PROXY_DONE

        .section .bss
        .balign 16
        .globl low_stacks
low_stacks:
        .skip LOW_STACK_COUNT << LOW_STACK_SHIFT

        .section .note.GNU-stack, "", @progbits
