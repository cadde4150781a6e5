"""The tables in README and ``docs/`` that are generated from code; ``make tables`` writes them.

A page says in a comment which function writes what follows, up to the comment that ends it::

    <!-- [[[cog cog.out(capabilities.table()) ]]] -->
    <!-- [[[end]]] -->
"""
