"""Gates: what has to be true before a change to an environment merges."""
