"""Speed against peers and limits measured in the same run; results are JSON in ``results``."""
