# rule: OPERAND_SEGMENT
# A base and an index, neither cut to 32 bits.
        .include "attack.inc"
        function bh_start
        movb %al, (%rcx,%rdx,2)
        ret
        end bh_start
