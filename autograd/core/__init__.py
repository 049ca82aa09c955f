"""The heart: a graph of NumPy calls, and the walk back through it.

To be read in this order, in half an hour:

1. `node`: the graph, of nodes and edges.
2. `tensor`: an array, and the node that says how it was made.
3. `op`: the decorator that makes an op of a function of arrays.
4. `record`: what a call of an op leaves in the graph, and how an op differentiates itself again.
5. `engine`: the walk back.
6. `backward`: the two ways to ask for it.

One can stop there. Behind these six stands what makes them safer or faster: `dispatch`, how
`np.exp(tensor)` finds its op; `fit`, how broadcasting is undone; `ownership`, copy on write;
`results`, ops of several results; `values`, what a Tensor is to Python, and `display`, to a
notebook; `arrays` and `checks`, what may go into an op and what comes out; `fast`, the calls of
most ops written out; `watch` and `hooks`, for those who look on; `hints`, the names of PyTorch's
methods.
"""
