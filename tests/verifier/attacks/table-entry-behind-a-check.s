# rule: BRANCH_SEQUENCE
# An entry leads behind the check of an indirect jump.
        .include "attack.inc"
        function bh_start
        table_jump 3, table
.Lone:
        checked jmp, 0x13572468
.Ltwo:
.Lout:
        ret
        end bh_start
        table table, .Lone + 9, .Ltwo, .Lout
