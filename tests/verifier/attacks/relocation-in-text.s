# rule: IMAGE_RELOCATIONS
# The loader would change verified code.
# link: -Wl,-z,notext
        .include "attack.inc"
        function bh_start
        leaq words(%rip), %rax
        ret
        .balign 8
words:
        .quad bh_start
        end bh_start
