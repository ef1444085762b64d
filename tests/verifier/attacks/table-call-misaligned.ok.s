# accepted
# The closest legal form of table-call-misaligned.s.
        .include "attack.inc"
        function bh_start
        call *%gs:0x10088
        ret
        end bh_start
