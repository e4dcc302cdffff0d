"""Recognisers: one module a family of ways to write an image down. They read, and decide nothing."""
