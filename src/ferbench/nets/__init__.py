"""Neural networks, one file per paper: modules only, no input/output, no normalisation."""
