"""From evidence, expectations and a moment to each stage's result, and from the results to a verdict.

Begin with ``sequence.py``; each stage has a file of its name, and ``verdict.py`` combines the results.
Pure functions: no I/O, no clock, no state.
"""
