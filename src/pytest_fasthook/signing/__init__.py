"""What a source's authentication demands, and the headers that satisfy it.

Begin with ``requirement.py``, then ``sign.py``; ``providers.py`` is the table of signature schemes.
Pure functions, without I/O.
"""
