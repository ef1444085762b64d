# rule: INSTRUCTION
# lods has no checked form.
        .include "attack.inc"
        function bh_start
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        lodsb
        ret
        end bh_start
