"""Video with what was found drawn on it, and faces made unrecognisable."""
