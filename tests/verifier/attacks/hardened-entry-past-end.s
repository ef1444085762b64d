# rule: CALL_TARGET
# A guarded jump that goes through the word behind the table.
        .include "attack.inc"
        hardened_note
        function bh_start
        hardened_entry jmp, 0x12000
        end bh_start
