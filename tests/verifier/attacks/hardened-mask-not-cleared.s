# rule: CALL_TARGET
# The register that is moved to a bad target is not the one that was cleared.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        movl $0, %r9d
        cmovneq %r10, %r11
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
