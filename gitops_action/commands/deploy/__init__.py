"""Steps of `deploy`: engines that bring a cluster to a commit, the wait for health, the record."""
