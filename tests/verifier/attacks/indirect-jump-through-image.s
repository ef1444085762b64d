# rule: INDIRECT
# A jump table in writable data.
        .include "attack.inc"
        function bh_start
        jmp *table(%rip)
        end bh_start
        .data
        .balign 8
table:
        .quad 0
        .text
