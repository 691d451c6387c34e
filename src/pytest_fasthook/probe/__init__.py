"""What is sent: the route as it was read, the payload, the signature, negative probes, and which routes share a probe.

Begin with ``probe.py``.
Nothing here does I/O.
"""
