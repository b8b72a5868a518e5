"""The operators' cases."""
