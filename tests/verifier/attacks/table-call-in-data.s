# rule: TABLE_CALL
# An entry that the domain wrote itself.
        .include "attack.inc"
        function bh_start
        call *%gs:0x20000
        ret
        end bh_start
