# accepted
# The closest legal form of table-call-past-end.s.
        .include "attack.inc"
        function bh_start
        call *%gs:0x11ff8
        ret
        end bh_start
