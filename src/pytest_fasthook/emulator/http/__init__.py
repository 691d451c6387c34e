"""Between the server and the core: reading messages, writing answers, playing faults."""
