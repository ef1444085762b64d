# rule: PREFIX
# Which of two segments counts depends on the processor.
        .include "attack.inc"
        function bh_start
        .byte 0x64, 0x65, 0x67, 0x48, 0x89, 0x01
        ret
        end bh_start
