# accepted
# The closest legal form of pop-memory.s.
        .include "attack.inc"
        function bh_start
        pushq %rax
        popq %rcx
        movq %rcx, %gs:(%eax)
        ret
        end bh_start
