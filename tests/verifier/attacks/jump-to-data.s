# rule: BRANCH_TARGET
# Jumps out of the text into data.
        .include "attack.inc"
        function bh_start
        jmp words
        end bh_start
        .data
words:
        .quad 0xc3
        .text
