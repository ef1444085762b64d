# rule: IMAGE_HEADER
# Thread-local storage would need a segment base.
        .include "attack.inc"
        function bh_start
        leaq words@TPOFF(%rax), %rax
        ret
        end bh_start
        .section .tdata, "awT", @progbits
        .balign 8
words:
        .quad 1
        .text
