"""Report writers: pure functions from the run's document to text or bytes.

Each writer reads the one document described by ``report.schema.json`` and knows nothing of the gate or of the
other writers; ``files.py`` is the only part that writes to the disk, ``commands.py`` the only one with a
command line.
"""
