# rule: TABLE_CALL
# The word behind the table.
        .include "attack.inc"
        function bh_start
        call *%gs:0x12000
        ret
        end bh_start
