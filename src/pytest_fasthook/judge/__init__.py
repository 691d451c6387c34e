"""The judge: pure functions from evidence, expectations and a moment to each stage's result."""
