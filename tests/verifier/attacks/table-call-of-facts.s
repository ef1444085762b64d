# rule: TABLE_CALL
# Calls the slot's base as if it were an entry.
        .include "attack.inc"
        function bh_start
        call *%gs:0x10000
        ret
        end bh_start
