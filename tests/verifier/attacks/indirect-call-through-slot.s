# rule: INDIRECT
# Calls what a word of the slot says.
        .include "attack.inc"
        function bh_start
        call *%gs:(%edi)
        ret
        end bh_start
