"""A connection's rules, worked out offline: filter, deduplicate, delay and retry.

Begin with ``parse.py`` and ``matching.py``.
Pure functions, without I/O.
"""
