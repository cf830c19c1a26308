"""What scripts/measure is made of: local counterparts of AWS, /proc, and one module for each program."""
