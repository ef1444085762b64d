# rule: IMAGE_ENTRY
# The entry point is not in the function table.
        .include "attack.inc"
        function other
        ret
        .balign 16, 0xcc
        .globl bh_start
        .type bh_start, @function
bh_start:
        ret
        end other
