# accepted
# The closest legal form of alignment-flag.s.
        .include "attack.inc"
        function bh_start
        pushq $0x40202
        popq %rax
        sahf
        ret
        end bh_start
