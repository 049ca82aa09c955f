"""What is checked alike for each: ops, layers, conventions; the names of NumPy and of PyTorch."""
