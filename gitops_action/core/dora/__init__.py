"""The five DORA metrics of applications in production, from proved deployments."""
