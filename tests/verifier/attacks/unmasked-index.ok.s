# accepted
# The closest legal form of unmasked-index.s.
        .include "attack.inc"
        function bh_start
        movb %al, %gs:(%ecx,%edx,2)
        ret
        end bh_start
