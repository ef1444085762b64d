# rule: PREFIX
# With 66 one maker's processors take a 16-bit displacement and cut %rip, the other's do not.
        .include "attack.inc"
        function bh_start
        .byte 0x66, 0xe9, 0, 0, 0, 0
        ret
        end bh_start
