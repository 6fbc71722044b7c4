"""The parts of tools/pagoda. Python's standard library only."""
