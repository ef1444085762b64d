# rule: INSTRUCTION
# An entry leads to padding that is a breakpoint.
        .include "attack.inc"
        function bh_start
        table_jump 1, table
.Lout:
        ret
.Lone:
        int3
        end bh_start
        table table, .Lone
