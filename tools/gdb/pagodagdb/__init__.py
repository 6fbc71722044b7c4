"""The parts of tools/gdb/pagoda.py: each answers one kind of question about the stopped kernel."""
