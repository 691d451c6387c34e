"""Sending again: one event, one request, or many of them in a bulk operation."""
