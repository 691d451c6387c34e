"""What is told of a run: JSON, JUnit, Markdown, HTML, terminal, GitHub; saved runs, judging them again, next steps.

Begin with ``document.py``, which makes the one document that every report is written from (``model.py`` is its shape).
Writers are pure functions from the document to text; only ``files.py`` writes to the disk, only ``commands.py`` has a
command line.
"""
