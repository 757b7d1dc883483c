"""A deploy, and everything that undoes, recovers, retires or applies it."""
