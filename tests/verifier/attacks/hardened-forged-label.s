# rule: LABEL
# The bytes of the label that a hardened call asks for stand in an immediate.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        guarded call
        ret
        end bh_start
        function other
        movl $0x13572468, %ecx
        ret
        end other
