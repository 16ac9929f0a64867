"""Speed against peers and limits; results are JSON in ``results``."""
