# rule: BRANCH_TARGET
# The immediate of a harmless move is a system call.
        .include "attack.inc"
        function bh_start
        jmp 1f+1
1:
        movl $0xc3050f, %eax
        ret
        end bh_start
