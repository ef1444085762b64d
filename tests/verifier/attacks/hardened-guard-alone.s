# rule: CALL_TARGET
# A guarded jump to what a register says.
        .include "attack.inc"
        hardened_note
        function bh_start
        movq %rdi, %r11
        guard
        end bh_start
