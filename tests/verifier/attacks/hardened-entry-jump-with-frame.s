# rule: RETURN_DEPTH
# A guarded tail jump through the table with a frame left.
        .include "attack.inc"
        hardened_note
        function bh_start
        pushq %rbx
        hardened_entry jmp, 0x10080
        end bh_start
