"""The models, by family."""
