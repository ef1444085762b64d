# rule: TABLE_CALL
# Another domain's table.
        .include "attack.inc"
        function bh_start
        call *%fs:0x10080
        ret
        end bh_start
