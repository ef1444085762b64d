# rule: STACK_POINTER
# Arithmetic on %esp clears the upper half of %rsp.
        .include "attack.inc"
        function bh_start
        subl $8, %esp
        addl $8, %esp
        ret
        end bh_start
