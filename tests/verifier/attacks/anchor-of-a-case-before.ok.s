# accepted
# The closest legal form of anchor-of-a-case-before.s.
        .include "attack.inc"
        function bh_start
.Lagain:
        table_jump 2, table
.Lone:
        jmp .Lagain
.Ltwo:
        movq %gs:0x10000, %r11
        movl %esi, %edx
        movq (%r11,%rdx), %rax
        ret
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo
