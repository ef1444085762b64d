# rule: ANCHOR
# A case makes the anchor, and another one, which may come first, uses it.
        .include "attack.inc"
        function bh_start
.Lagain:
        table_jump 2, table
.Lone:
        movq %gs:0x10000, %r11
        jmp .Lagain
.Ltwo:
        movl %esi, %edx
        movq (%r11,%rdx), %rax
        ret
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo
