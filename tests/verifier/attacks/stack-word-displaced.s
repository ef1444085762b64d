# rule: STACK_WORD
# Another word of the control block, by the displacement that %r13 always has.
        .include "attack.inc"
        function bh_start
        movq %rsp, %r13
        andq $-65536, %r13
        movq %rax, 8(%r13)
        ret
        end bh_start
