# rule: STRING
# The two addresses in the other order: not the form that is known.
        .include "attack.inc"
        function bh_start
        movl %edi, %edi
        addq %gs:0x10000, %rdi
        movl %esi, %esi
        addq %gs:0x10000, %rsi
        rep movsb
        ret
        end bh_start
