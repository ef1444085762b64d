# rule: IMAGE_RELOCATIONS
# A relocation in read-only memory.
# link: -Wl,-z,notext
        .include "attack.inc"
        function bh_start
        leaq words(%rip), %rax
        ret
        end bh_start
        .section .rodata, "a"
        .balign 8
words:
        .quad bh_start
        .text
