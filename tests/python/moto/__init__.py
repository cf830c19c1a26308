"""The real programs against moto, a mock of AWS by others."""
