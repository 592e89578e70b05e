"""What every room stands on: imports nothing heavy, and no other room."""
