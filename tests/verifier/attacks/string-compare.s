# rule: INSTRUCTION
# cmps has no checked form.
        .include "attack.inc"
        function bh_start
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        repe cmpsb
        ret
        end bh_start
