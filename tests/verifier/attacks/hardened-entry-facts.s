# rule: CALL_TARGET
# A guarded jump that fetches a fact of the table and goes there.
        .include "attack.inc"
        hardened_note
        function bh_start
        hardened_entry jmp, 0x10008
        end bh_start
