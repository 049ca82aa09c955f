"""plaingrad beside other libraries and NumPy by hand: `python -m benchmarks`, or `make bench`."""
