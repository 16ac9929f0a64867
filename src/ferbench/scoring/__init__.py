"""Events against annotations: matching first, then counts, then metrics as functions of counts."""
