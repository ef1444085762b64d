# rule: CALL_TARGET
# A guarded jump that goes through a word of the slot.
        .include "attack.inc"
        hardened_note
        function bh_start
        hardened_entry jmp, 0x30000
        end bh_start
