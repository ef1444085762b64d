# accepted
# The closest legal form of anchor-is-a-table-jumps-base.s.
        .include "attack.inc"
        function bh_start
        movq %gs:0x10000, %r11
        movl $0, %edi
        table_jump 1, table, rax, eax, r10
.Lone:
        movl %esi, %edx
        movq (%r11,%rdx), %rax
        ret
.Lout:
        ret
        end bh_start
        table table, .Lone
