"""Real bare Git repositories: objects, refs and history, with few processes."""
