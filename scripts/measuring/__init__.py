"""What scripts/measure is made of: /proc, and one module for each program. The local AWS and the servers beside it are
those of the tests, in tests/python/lib.
"""
