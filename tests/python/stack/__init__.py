"""The stack as its users make it, in ministack: an emulator of AWS by others."""
