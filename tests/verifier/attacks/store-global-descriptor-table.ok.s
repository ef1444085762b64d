# accepted
# The closest legal form of store-global-descriptor-table.s.
        .include "attack.inc"
        function bh_start
        nop
        ret
        end bh_start
