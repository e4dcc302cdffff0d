"""The command `promote`."""
