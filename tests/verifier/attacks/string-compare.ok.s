# accepted
# The closest legal form of string-compare.s.
        .include "attack.inc"
        function bh_start
        movb %gs:(%esi), %al
        cmpb %gs:(%edi), %al
        ret
        end bh_start
