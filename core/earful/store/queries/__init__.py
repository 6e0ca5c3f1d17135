"""What the pages read; nothing here writes.

Frozen values come out, never rows, and every function costs a fixed number of statements,
however much is stored.
"""
