"""What networks are made of: a file for each kind, with its layers and their functions.

What stands in the `__all__` of these files is public: classes in `nn`, functions in
`nn.functional`.
"""
