# rule: TABLE_CALL
# Half of one entry and half of the next.
        .include "attack.inc"
        function bh_start
        call *%gs:0x10084
        ret
        end bh_start
