# accepted
# The closest legal form of call-to-learn-the-address.s.
        .include "attack.inc"
        function bh_start
        leaq 1f(%rip), %rax
1:
        ret
        end bh_start
