"""The command `bump`."""
