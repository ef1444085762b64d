# rule: ANCHOR
# A case loses the anchor and goes round again.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
.Lagain:
        table_jump 2, table
.Lone:
        movq %rsi, %r11
        jmp .Lagain
.Ltwo:
        movl %esi, %edx
        movq (%r11,%rdx), %rax
        ret
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo
