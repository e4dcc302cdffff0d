"""What the benchmarks stand on: a forge in another process, a repository, peers, figures."""
