"""Makes releases: what callers rely on, the released tree, the image, commits and tags."""
