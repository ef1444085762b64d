# accepted
# The closest legal form of stack-address-leak.s.
        .include "attack.inc"
        function bh_start
        leaq 8(%rbp), %rax
        ret
        end bh_start
