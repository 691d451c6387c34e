"""What is known of a run: the append-only log, and the questions that fill it.

Begin with ``log.py``, then ``reader.py``, which turns a question into calls of the API.
Nothing here decides what an answer means.
"""
