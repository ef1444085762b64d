# accepted
# The closest legal form of push-memory.s.
        .include "attack.inc"
        function bh_start
        movq %gs:(%eax), %rax
        pushq %rax
        popq %rax
        ret
        end bh_start
