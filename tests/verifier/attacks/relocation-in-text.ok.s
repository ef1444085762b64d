# accepted
# The closest legal form of relocation-in-text.s.
        .include "attack.inc"
        function bh_start
        leaq words(%rip), %rax
        ret
        .balign 8
words:
        ret
        end bh_start
