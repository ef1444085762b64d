# accepted
# The closest legal form of table-call-in-data.s.
        .include "attack.inc"
        function bh_start
        call *%gs:0x10080
        ret
        end bh_start
