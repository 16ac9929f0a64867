"""What each module of recorded runs gave, out of their stored tables."""
