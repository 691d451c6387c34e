"""For test authors: the handle of one connection, and routes that are made for a test.

Begin with ``handle.py``.
Pytest's fixtures are in ``plugin/fixtures.py``.
"""
