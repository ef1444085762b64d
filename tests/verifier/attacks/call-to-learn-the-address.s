# rule: CALL_TARGET
# The call of a local label leaves a return address that is not one.
        .include "attack.inc"
        function bh_start
        call 1f
1:
        popq %rax
        ret
        end bh_start
