"""What training makes small: a file for each kind, with its losses as layers and as functions."""
