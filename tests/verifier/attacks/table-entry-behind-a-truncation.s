# rule: BRANCH_SEQUENCE
# An entry leads to the access of an anchor, without the truncation in front.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        table_jump 3, table
.Lone:
        movl %eax, %edx
.Ltwo:
        movq (%r11,%rdx), %rax
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
