# rule: STACK_WORD
# The mask is put on one register, the store goes through another.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rax
        andq $-65536, %rax
        movq %rdx, (%rcx)
        ret
        end bh_start
