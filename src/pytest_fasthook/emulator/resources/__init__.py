"""What can be configured, and the rules for doing so; used by the API and by ``Emulator`` alike."""
