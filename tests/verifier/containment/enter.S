// SPDX-License-Identifier: MIT
//
// Into the sandbox and out of it. Single steps begin with the jump to the entry; the signal handler ends them.
        .text
        .globl sandbox_enter
        .type sandbox_enter, @function
// rdi: struct registers, rsi: entry, rdx: top of the control stack, rcx: flags to set
sandbox_enter:
        pushq %rbx
        pushq %rbp
        pushq %r12
        pushq %r13
        pushq %r14
        pushq %r15
        movq %rsp, host_stack(%rip)
        movq %rsi, entry(%rip)
        movq %rcx, flags(%rip)
        movq %rdx, %rsp
        leaq sandbox_exit(%rip), %rax
        pushq %rax
        cmpb $0, sandbox_switches(%rip)
        je 1f
        movq sandbox_fs(%rip), %rax
        wrfsbase %rax
1:
        movups 120(%rdi), %xmm0
        movups 136(%rdi), %xmm1
        movups 152(%rdi), %xmm2
        movups 168(%rdi), %xmm3
        movups 184(%rdi), %xmm4
        movups 200(%rdi), %xmm5
        movups 216(%rdi), %xmm6
        movups 232(%rdi), %xmm7
        movaps %xmm0, %xmm8
        movaps %xmm1, %xmm9
        movaps %xmm2, %xmm10
        movaps %xmm3, %xmm11
        movaps %xmm4, %xmm12
        movaps %xmm5, %xmm13
        movaps %xmm6, %xmm14
        movaps %xmm7, %xmm15
        movq 0(%rdi), %rax
        movq 8(%rdi), %rbx
        movq 16(%rdi), %rcx
        movq 24(%rdi), %rdx
        movq 32(%rdi), %rsi
        movq 48(%rdi), %rbp
        movq 56(%rdi), %r8
        movq 64(%rdi), %r9
        movq 72(%rdi), %r10
        movq 80(%rdi), %r11
        movq 88(%rdi), %r12
        movq 96(%rdi), %r13
        movq 104(%rdi), %r14
        movq 112(%rdi), %r15
        movq 40(%rdi), %rdi
        pushq flags(%rip)
        popfq
        jmpq *entry(%rip)
        .size sandbox_enter, . - sandbox_enter

        .globl sandbox_exit
        .type sandbox_exit, @function
sandbox_exit:
        movq %rsp, sandbox_left_stack(%rip)
        movq host_stack(%rip), %rsp
        pushfq
        popq sandbox_left_flags(%rip)
        cld
        cmpb $0, sandbox_switches(%rip)
        je 1f
        rdfsbase %rax
        movq %rax, sandbox_left_fs(%rip)
        movq sandbox_host_fs(%rip), %rax
        wrfsbase %rax
1:
        popq %r15
        popq %r14
        popq %r13
        popq %r12
        popq %rbp
        popq %rbx
        ret
        .size sandbox_exit, . - sandbox_exit

// A callee that keeps nothing: every register comes back with what sandbox_clobber says.
        .globl sandbox_call, sandbox_call_end
        .type sandbox_call, @function
sandbox_call:
        incq sandbox_calls(%rip)
        movups sandbox_clobber+120(%rip), %xmm0
        movups sandbox_clobber+136(%rip), %xmm1
        movq sandbox_clobber+0(%rip), %rax
        movq sandbox_clobber+8(%rip), %rbx
        movq sandbox_clobber+16(%rip), %rcx
        movq sandbox_clobber+24(%rip), %rdx
        movq sandbox_clobber+32(%rip), %rsi
        movq sandbox_clobber+40(%rip), %rdi
        movq sandbox_clobber+48(%rip), %rbp
        movq sandbox_clobber+56(%rip), %r8
        movq sandbox_clobber+64(%rip), %r9
        movq sandbox_clobber+72(%rip), %r10
        movq sandbox_clobber+80(%rip), %r11
        movq sandbox_clobber+88(%rip), %r12
        movq sandbox_clobber+96(%rip), %r13
        movq sandbox_clobber+104(%rip), %r14
        movq sandbox_clobber+112(%rip), %r15
        ret
sandbox_call_end:
        .size sandbox_call, . - sandbox_call

        .bss
        .balign 8
host_stack: .quad 0
entry:  .quad 0
flags:  .quad 0
        .globl sandbox_left_stack, sandbox_left_flags, sandbox_left_fs, sandbox_fs, sandbox_host_fs, sandbox_calls, sandbox_clobber, sandbox_switches
sandbox_left_stack: .quad 0
sandbox_left_flags: .quad 0
sandbox_left_fs: .quad 0
sandbox_fs: .quad 0
sandbox_host_fs: .quad 0
sandbox_calls: .quad 0
sandbox_clobber: .fill 15 * 8 + 8 * 16, 1, 0
sandbox_switches: .byte 0
        .section .note.GNU-stack, "", @progbits
