"""Bad answers for every operation of both marketplaces: ``python -m tests.fuzz``.

A case is an operation, an answer made from a schema, and a damage done to it; all three follow from
the seed and the case's number. Its transport counts and answers, its clock jumps, and what must be
true after it is checked: only ``WbymError`` leaves, it ends, good records are delivered, bad ones
are accounted for, and no write is made twice.
"""
