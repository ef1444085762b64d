# rule: INSTRUCTION
# Reads a device's port.
        .include "attack.inc"
        function bh_start
        inb $0x60, %al
        ret
        end bh_start
