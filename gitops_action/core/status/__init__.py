"""What runs where, what waits and why: the values behind the status page."""
