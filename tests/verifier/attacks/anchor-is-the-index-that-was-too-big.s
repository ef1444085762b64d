# rule: ANCHOR
# Where big numbers go, the anchor is a number.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        table_jump 1, table, .Lout, edi, r11, r11d, rcx
.Lone:
        ret
.Lout:
        movl %esi, %edx
        movq (%r11,%rdx), %rax
        ret
        end bh_start
        table table, .Lone
