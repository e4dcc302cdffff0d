"""The command `rollback`."""
