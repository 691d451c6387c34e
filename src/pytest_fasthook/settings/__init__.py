"""Where a run's settings come from: command line, environment, ini, ``fasthook.toml``, defaults.

Begin with ``options.py``, the table of all options; ``config.py`` turns it into one frozen ``Settings``.
Nothing here calls the API.
"""
