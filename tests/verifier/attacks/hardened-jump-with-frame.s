# rule: RETURN_DEPTH
# A guarded tail jump with a frame left: the callee returns to what lies there.
        .include "attack.inc"
        hardened_note
        function bh_start
        pushq %rbx
        hardened jmp, 0x13572468
        end bh_start
