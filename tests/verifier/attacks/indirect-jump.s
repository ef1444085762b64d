# rule: INDIRECT
# Jumps wherever a register says.
        .include "attack.inc"
        function bh_start
        jmp *%rdi
        end bh_start
