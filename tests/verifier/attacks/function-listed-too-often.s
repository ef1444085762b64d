# rule: IMAGE_FUNCTIONS
# More entries than the text has places for functions.
        .include "attack.inc"
        function bh_start
        ret
        listed bh_start
        end bh_start
