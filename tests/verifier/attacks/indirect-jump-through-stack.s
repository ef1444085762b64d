# rule: INDIRECT
# Jumps to the return address without popping it.
        .include "attack.inc"
        function bh_start
        jmp *(%rsp)
        end bh_start
