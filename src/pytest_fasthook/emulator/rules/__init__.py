"""A connection's rules: their form, and what each decides. No I/O."""
