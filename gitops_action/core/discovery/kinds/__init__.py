"""Recognisers, one module a family of ways to write an image. They read, and decide nothing."""
