"""The public side of a source: who is let in, what is stored, which branches follow."""
