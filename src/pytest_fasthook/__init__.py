"""A deploy gate for FastHook webhook routes, as a pytest plugin."""
