"""What scripts/measure is made of: the local AWS, /proc, and one module for each program."""
