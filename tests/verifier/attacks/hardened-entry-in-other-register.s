# rule: CALL_TARGET
# The entry is fetched to %r10, the guard takes %r11.
        .include "attack.inc"
        hardened_note
        function bh_start
        movq %gs:0x10080, %r10
        guard
        end bh_start
