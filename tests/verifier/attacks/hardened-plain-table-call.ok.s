# accepted
# The closest legal form of hardened-plain-table-call.s.
        .include "attack.inc"
        hardened_note
        function bh_start
        subq $8, %rsp
        hardened_entry call, 0x10080
        addq $8, %rsp
        ret
        end bh_start
