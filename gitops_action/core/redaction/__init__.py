"""The command `redaction`."""
