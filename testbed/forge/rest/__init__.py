"""The REST subset, one module an area; importing them fills the table of operations."""
