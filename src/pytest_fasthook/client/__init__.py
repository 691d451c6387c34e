"""FastHook's API: typed records, one function per call, and the transport below them.

Begin with ``models.py`` and ``api.py``; ``client.py`` is the face for test authors, ``wire.py`` the only user of httpx.
Nothing here knows what an answer means for a deploy.
"""
