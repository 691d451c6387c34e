"""Records as the API shows them (FastHook contract, models field by field). No I/O."""
