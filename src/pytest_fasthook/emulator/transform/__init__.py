"""Transformations: saved JavaScript, run in an engine of its own with limits."""
