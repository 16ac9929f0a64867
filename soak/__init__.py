"""Long runs that must lose nothing: kills, servers that go away, damaged files."""
