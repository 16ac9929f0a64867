"""What ``leaderboard`` measures, and how it is told."""
