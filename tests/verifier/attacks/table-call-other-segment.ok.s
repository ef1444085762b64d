# accepted
# The closest legal form of table-call-other-segment.s.
        .include "attack.inc"
        function bh_start
        call *%gs:0x10080
        ret
        end bh_start
