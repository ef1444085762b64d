# rule: FRAME_DEPTH
# A guard that is jumped over, and what stands behind it pops the return address.
        .include "attack.inc"
        hardened_note
        function bh_start
        check 0x13572468
        mask
        addq %gs:0x10000, %r11
        jmp 8f
        guard
8:
        popq %rax
        ret
        end bh_start
