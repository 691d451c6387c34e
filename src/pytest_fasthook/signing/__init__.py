"""What a source's authentication demands, and the headers that satisfy it. Pure, without I/O."""
