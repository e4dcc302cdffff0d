"""How well changes reach production, by the five metrics of DORA."""
