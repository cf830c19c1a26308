"""The coordinator in AWS's Lambda Runtime Interface Emulator."""
