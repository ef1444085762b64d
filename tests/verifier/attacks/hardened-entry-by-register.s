# rule: CALL_TARGET
# The entry is chosen by a register.
        .include "attack.inc"
        hardened_note
        function bh_start
        movl %edi, %edi
        movq %gs:0x10080(%edi), %r11
        guard
        end bh_start
