# accepted
# The closest legal form of table-entry-returns-with-a-frame.s.
        .include "attack.inc"
        function bh_start
        pushq %rbx
        table_jump 1, table
.Lone:
        popq %rbx
        ret
.Lout:
        popq %rbx
        ret
        end bh_start
        table table, .Lone
