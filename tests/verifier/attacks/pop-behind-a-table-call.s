# rule: FRAME_DEPTH
# The return address is popped behind a run-time call.
        .include "attack.inc"
        function bh_start
        pushq %rax
        call *%gs:0x10080
        popq %rax
        popq %rax
        jmp bh_start
        end bh_start
