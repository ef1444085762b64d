# accepted
# The closest legal form of elision-prefix.s.
        .include "attack.inc"
        function bh_start
        lock xchgq %rax, %gs:(%ecx)
        ret
        end bh_start
