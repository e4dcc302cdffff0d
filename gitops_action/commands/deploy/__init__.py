"""Steps of `deploy`: the engines, the wait for health, the record."""
