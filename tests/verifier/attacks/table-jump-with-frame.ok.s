# accepted
# The closest legal form of table-jump-with-frame.s.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        popq %rdi
        jmp *%gs:0x10080
        end bh_start
