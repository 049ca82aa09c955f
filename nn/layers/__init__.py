"""What networks are made of: a file for each kind, with its layers and their functions."""
