"""Signed attestations of images: where they are kept, and whether their signatures hold."""
