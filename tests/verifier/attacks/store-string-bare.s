# rule: STRING
# A string store through the whole %rdi.
        .include "attack.inc"
        function bh_start
        rep stosb
        ret
        end bh_start
