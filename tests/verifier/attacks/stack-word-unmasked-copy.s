# rule: STACK_WORD
# Another register than the copy is masked.
        .include "attack.inc"
        function bh_start
        movq %rsp, %rcx
        andq $-65536, %rdx
        movq %rax, (%rcx)
        ret
        end bh_start
