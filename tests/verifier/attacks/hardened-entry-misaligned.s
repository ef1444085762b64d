# rule: CALL_TARGET
# A guarded jump that goes through the halves of two entries.
        .include "attack.inc"
        hardened_note
        function bh_start
        hardened_entry jmp, 0x10084
        end bh_start
