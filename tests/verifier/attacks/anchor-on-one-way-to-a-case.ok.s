# accepted
# The closest legal form of anchor-on-one-way-to-a-case.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        testl %edi, %edi
        jne .Lother
        table_jump 1, table
.Lother:
        movq %gs:0x10000, %r11
.Lone:
        movl %esi, %edx
        movq (%r11,%rdx), %rax
        ret
.Lout:
        ret
        end bh_start
        table table, .Lone
