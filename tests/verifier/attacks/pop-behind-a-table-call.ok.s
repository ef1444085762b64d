# accepted
# The closest legal form of pop-behind-a-table-call.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        call *%gs:0x10080
        popq %rax
        jmp bh_start
        end bh_start
