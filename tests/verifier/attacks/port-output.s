# rule: INSTRUCTION
# Writes a device's port.
        .include "attack.inc"
        function bh_start
        outb %al, $0x64
        ret
        end bh_start
