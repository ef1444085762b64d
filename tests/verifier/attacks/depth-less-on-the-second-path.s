# rule: DEPTH_MISMATCH
# The branch that is seen first has pushed, the other way has not.
        .include "attack.inc"
        function bh_start
        pushq %rax
        testl %eax, %eax
        je 1f
        popq %rax
1:
        popq %rax
        ret
        end bh_start
