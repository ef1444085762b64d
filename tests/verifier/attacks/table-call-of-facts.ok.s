# accepted
# The closest legal form of table-call-of-facts.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %rax
        ret
        end bh_start
