"""A connection's rules, worked out offline: filter, deduplicate, delay and retry. Pure, without I/O."""
