"""The bot without its optional packages. It fails if a part of one was loaded nevertheless."""

import sys

from bot.__main__ import main

if __name__ == "__main__":
    for name in ("c2pa", "opentelemetry"):
        # Importing it raises an ImportError.
        sys.modules[name] = None  # pyright: ignore[reportArgumentType]
    code = main()
    assert not [name for name in sys.modules if name.startswith(("c2pa.", "opentelemetry."))]
    sys.exit(code)
