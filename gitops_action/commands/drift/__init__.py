"""`drift`: compares live to described, by reading alone."""
