# rule: FRAME_STORE
# A plain store at depth 0 replaces the return address.
        .include "attack.inc"
        function bh_start
        movq %rax, (%rsp)
        ret
        end bh_start
