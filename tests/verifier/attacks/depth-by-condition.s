# rule: DEPTH_MISMATCH
# Pushes on one of two paths, so that the return address is where the condition says.
        .include "attack.inc"
        function bh_start
        testq %rdi, %rdi
        je 1f
        pushq %rdi
1:
        addq $0, %rsp
        ret
        end bh_start
