"""The push engine: the job itself applies what the environment describes."""
