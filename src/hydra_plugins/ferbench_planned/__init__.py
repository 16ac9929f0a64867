"""A launcher for Hydra that decodes each video once for all cells of a sweep."""
