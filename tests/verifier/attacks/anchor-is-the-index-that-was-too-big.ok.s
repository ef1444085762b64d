# accepted
# The closest legal form of anchor-is-the-index-that-was-too-big.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        table_jump 1, table, .Lout, edi, rax, eax, r11
.Lone:
        ret
.Lout:
        movl %esi, %edx
        movq (%r11,%rdx), %rax
        ret
        end bh_start
        table table, .Lone
