"""Face detectors: priors or pyramids, decoding and suppression around a network."""
