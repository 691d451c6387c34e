"""Everything that talks to FastHook over HTTP; ``client.py`` is the face for test authors."""
