"""The heart. To be read in this order; what comes after `backward` makes it faster or safer.

node : the graph. tensor : an array and its node. op : the decorator that makes an op of a function.
engine : the walk back. backward : the two ways to ask for it.
"""
