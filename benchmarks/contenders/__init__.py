"""The contenders: wbym, the hand-written loops and other libraries.

One module each, run as ``python -m benchmarks.contenders.NAME`` in a separate process. The ones
that wrap other libraries run in the peers' virtual environment, so they import nothing of ours but
``harness``, which needs the standard library alone.
"""
