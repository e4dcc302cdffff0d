"""GitHub's settings of an environment repository: what goes around the gate, or stops it."""
