"""Sets of labelled images, in the folders that published data sets come in."""
