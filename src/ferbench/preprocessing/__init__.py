"""From a box to a crop: geometry only."""
