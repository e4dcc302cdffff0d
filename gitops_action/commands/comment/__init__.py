"""The command `comment`."""
