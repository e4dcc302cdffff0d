"""What Flux says in the status of its objects, and what follows from it; pure values."""
