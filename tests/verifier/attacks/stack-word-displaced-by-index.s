# rule: STACK_WORD
# Another word of the control block, by the index byte that %r12 always has.
        .include "attack.inc"
        function bh_start
        movq %rsp, %r12
        andq $-65536, %r12
        movq %rax, (%r12,%rcx)
        ret
        end bh_start
