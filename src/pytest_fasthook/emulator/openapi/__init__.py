"""The served OpenAPI document: every operation of the control API, every model, every parameter."""
