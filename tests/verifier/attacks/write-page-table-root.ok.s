# accepted
# The closest legal form of write-page-table-root.s.
        .include "attack.inc"
        function bh_start
        movq %rax, %rbx
        ret
        end bh_start
