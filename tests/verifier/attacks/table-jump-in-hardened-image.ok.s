# accepted
# The closest legal form of table-jump-in-hardened-image.s.
        .include "attack.inc"
        function bh_start
        testl %edi, %edi
        je .Lone
        cmpl $1, %edi
        je .Ltwo
        jmp .Lout
.Lone:
        ret
.Ltwo:
        ud2
.Lout:
        ret
        end bh_start
        hardened_note
