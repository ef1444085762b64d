# rule: INSTRUCTION
# Enters Linux in the hosted kernel, and overwrites %rcx and %r11.
        .include "attack.inc"
        function bh_start
        syscall
        ret
        end bh_start
