"""The pure core: text and values in, text and values out."""
