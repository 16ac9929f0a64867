"""One module per long run: ``SMALL`` and ``FULL`` are its sizes, ``run`` does it."""
