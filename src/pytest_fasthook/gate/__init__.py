"""One run of the gate: preflight, probe, polling, results.

Begin with ``run.py``.
Nothing here knows pytest.
"""
