"""Where sessions and annotations come from."""
