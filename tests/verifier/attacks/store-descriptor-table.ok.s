# accepted
# The closest legal form of store-descriptor-table.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %gs:(%eax)
        ret
        end bh_start
