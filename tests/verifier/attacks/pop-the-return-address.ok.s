# accepted
# The closest legal form of pop-the-return-address.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq %rax
        ret
        end bh_start
