# accepted
# The closest legal form of table-entry-behind-a-truncation.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        table_jump 3, table
.Lone:
        movl %eax, %edx
        movq (%r11,%rdx), %rax
.Ltwo:
.Lout:
        ret
        end bh_start
        table table, .Lone, .Ltwo, .Lout
