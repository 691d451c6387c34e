"""The control API: one module per resource, each function from a call to an answer."""
