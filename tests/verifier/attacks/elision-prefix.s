# rule: PREFIX
# A hardware lock elision prefix starts a transaction.
        .include "attack.inc"
        function bh_start
        .byte 0xf2
        lock xchgq %rax, %gs:(%ecx)
        ret
        end bh_start
