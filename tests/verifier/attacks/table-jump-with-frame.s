# rule: RETURN_DEPTH
# The kernel returns to what was pushed here.
        .include "attack.inc"
        function bh_start
        pushq %rdi
        jmp *%gs:0x10080
        end bh_start
